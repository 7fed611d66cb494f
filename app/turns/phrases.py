r"""What people say in a chat, word by word: small talk, short answers, how questions and instructions begin. Pure.

A message is read from its beginning in *tokens*, until something comes that is no known phrase. All of it known: it is
as short as it looks, and its tokens say what it is. Else what is left is looked at clause by clause, and only the first
words of a clause count: "fix it" instructs, "the fix is in" does not.

The lists hold a phrase per item, as it looks when plain (see `plain`), as a regular expression; items stand between
slashes or line ends. No pattern may need more than linear time: every repetition is bounded, or can end in one way
only. Languages that write no spaces have no end of a word, so their short words say in the pattern what may follow.
"""

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum


class Token(StrEnum):
    TALK = "talk"  # nobody expects an answer
    ANSWER = "answer"  # to what the agent asked or proposed
    LEAD = "lead"  # says nothing by itself
    NAME = "name"  # ours, in words
    MENTION = "mention"  # of somebody else


TALK = r"""
    ok(?:ay|ie|k)? / k+ / alrighty? / thx / ty(?:sm|vm)? / tks / cheers / (?:much )?appreciated?(?: it)? / yay / woo+
    (?:many )?thanks?(?: you)?(?: so much| very much| a (?:lot|ton|bunch)| again| all| everyone| guys| man| mate)?
    great / nice(?: one)? / cool / sweet / neat / awesome / amazing / excellent / perfect / wonderful / brilliant
    lovely / fantastic / beautiful / wow / whoa / woah / congrats / well done
    (?:good|great|nice) (?:job|work|stuff|bot) / good (?:morning|evening|night|afternoon) / gm / gn / got it / gotcha
    understood / noted / i see / makes sense / good to know / never ?mind / nvm
    no (?:worries|problem|prob|biggie|rush) / np / (?:you'?re )?welcome / yw / gg / brb / afk / bye(?: bye)?
    (?:see|cu) (?:you|ya)(?: later| tomorrow| soon)? / cya / ttyl / later / will do / same here / l[ou]+l+
    lmf?ao+ / rofl / ha(?:ha)+h?a? / he(?:he)+ / hm+ / xd+ / omg / oof / yikes / fyi / don'?t worry(?: about it)?
    (?:(?:that|this|it|everything|all)(?:'s| is)? )?(?:now )?work(?:s|ed|ing)(?: now| again| great| perfectly| fine)?
    (?:that|this|it)(?: has)? (?:fixed|did|solved) it / all (?:good|set|done)
    (?:so|very|pretty) (?:cool|good|nice|neat) / that(?:'?s| is) (?:all|great|perfect|it|fine|cool|good|awesome)
    have a (?:nice|good|great) (?:day|one|evening|weekend)
    (?:(?:that|this|it) )?looks? (?:good|great|nice|fine|perfect)(?: to me| now)? / lgtm / i'?m (?:back|here) / \+1
    <3 / [:;=]-?[dpo3] / o/ / o7

    (?:vielen |tausend |besten |herzlichen )dank / danke(?: ?schön| sehr| dir| euch)? / gern geschehen
    super(?: gemacht)? / toll(?: gemacht)? / prima / klasse / perfekt / alles klar / gute (?:arbeit|nacht)
    guten (?:morgen|abend|tag) / moin / bis (?:morgen|später|dann|bald) / passt(?: so| schon)?
    sehr (?:gut|schön|cool) / verstanden / tschüss / feierabend
    (?:das |es )?(?:läuft|klappt|funktioniert)(?: jetzt)? / schönes wochenende

    merci(?: beaucoup| bien| à tous)? / génial / parfait / d'accord / bien joué / bravo / nickel
    bonne (?:nuit|soirée) / à (?:demain|plus|bientôt) / ça (?:marche|roule) / c'est (?:bon|parfait|super) / mdr+
    ptdr / de rien / très (?:bien|bon)

    (?:muchas |mil )?gracias / genial / perfecto / vale / estupendo / excelente / muy bien / buen trabajo
    buenos días / buenas (?:noches|tardes) / de nada / hasta (?:mañana|luego) / ja(?:ja)+j? / (?:ya )?funciona
    entendido
"""
TALK_UNSPACED = r"""
    ありがとう(?:ございま(?:す|した))? / どうも / 了解(?:です|しました)? / お疲れ(?:様|さま)(?:です|でした)?
    おはよう(?:ございます)? / いいね / おやすみ(?:なさい)? / すごい(?:です)? / 素晴らしい(?:です)? / なるほど
    [分わ]かりました / 助かりま(?:す|した) / w{2,}(?!\w) / 笑 / 草 / 谢谢(?:你|您|大家|啦|了)? / 多谢 / 感谢
    好[的吧了] / 太[好棒]了 / 真棒 / 不错 / 厉害 / 辛苦了 / 收到 / 明白了? / 知道了 / 没问题 / 没事 / 嗯+ / 不客气
    不用谢 / 早上好 / 早安 / 晚安 / 再见 / 哈{2,} / 好(?!\w) / 감사(?:합니다|해요) / 고마워요? / 고맙습니다
    수고(?:하셨습니다|했어요)? / 알겠(?:습니다|어요) / 좋(?:아|아요|네요)(?!\w) / 굿 / 대박 / 최고(?:예요|입니다)?
    안녕히 (?:가|계)세요 / ㅋ+ / ㅎ+ / ㅇㅋ / ㄱㅅ / 오케이
"""
ANSWER = r"""
    yes / yeah / yep / yup / yea / y / sure(?: thing)? / of course / absolutely / definitely / correct / exactly
    agreed / no / nope / nah / n / (?:yes )?please / pls / plz
    (?:option|number|variant|choice|nr\.?|version) ?#?(?:\d{1,2}|[a-h]) / ja / jep / jawohl / nein / nee / doch
    bitte / oui / ouais / non / sí / si / claro
"""
# What begins many an instruction is an answer only where the clause ends behind it.
ANSWER_ALONE = r"""
    go(?: ahead| on| for it)? / do (?:it|that|so|both)(?: again)? / continue / proceed / carry on / keep going / next
    (?:try )?again / retry / stop(?: it| that)? / cancel(?: it| that)? / abort / wait / undo(?: it| that)?
    (?:ship|merge) it / neither / none(?: of them)? / both(?: of them)? / all of (?:them|it|those) / either
    #?\d{1,2} / [a-h] / (?:the )?(?:first|second|third|fourth|last|latter|former)(?: one| option)?
    mach (?:das|es|weiter) / weiter / stopp / beides? / nochmal / vas-y / allez-y / arrête(?: ça)? / encore / les deux
    adelante / sigue / continúa / hazlo / detente / otra vez / ambos / l[oa]s dos
"""
ANSWER_UNSPACED = r"""
    はい / うん(?!\w) / ええ(?!\w) / いいえ / いや(?!\w) / 続けて(?:ください)? / [止や]めて(?:ください)?
    お願いします / 両方 / 是的?(?!\w) / 对的?(?!\w) / 不[是要]?(?!\w) / 可以(?!\w) / 继续 / 停止?(?!\w) / 取消(?!\w)
    行(?!\w) / [네예응](?!\w) / 아니[요오]?(?!\w) / 계속(?:해(?:줘|주세요)?)? / 멈춰 / 그만(?!\w)
"""
LEAD = r"""
    hi / hello / hey / yo / oh / ah / um+ / uh+ / so / well / and / also / then / now / but / or / just / actually
    maybe / right / sounds good / btw / hallo / und / dann / jetzt / aber / noch / salut / bonjour / et / puis / alors
    mais / hola / entonces / pero / ahora
"""
NAME = "open ?cord / open ?code / bot"

QUESTION = r"""
    who / what(?! an?) / when / where / why / how / which / can / could / would / will / should / is / are / am / do
    does / did / has / was / were / any (?:idea|chance) / wer / was / wann / wo / warum / wieso / weshalb / wie
    welche[rsn]? / kannst / könntest / kann / könnt / würdest / ist / sind / hast / gibt / qui / que / quoi / où
    pourquoi / comment / combien / quel(?:le)?s? / est-ce / peux-tu / pouvez-vous / pourrais-tu / qué / quién / cuándo
    dónde / por qué / cómo / cuál / puedes / podrías / hay
"""
QUESTION_UNSPACED = r"""
    什么 / 为什么 / 怎么 / 如何 / 哪[里个些] / 能不能 / 可不可以 / [吗呢](?!\w)
    (?:です|ます|でしょう|だろう)か(?!\w) / かな(?!\w) / なぜ / どうして / どうやって / 何[をがで]
    (?:까|까요|나요|인가요|니)(?!\w) / 왜 / 어떻게 / 무엇
"""
INSTRUCTION = r"""
    try / add / fix / make / write / create / change / update / remove / delete / rename / move / run / rerun / test
    build / install / show / list / explain / check / find / look / read / open / use / refactor / implement / revert
    undo / commit / push / deploy / continue / go / do / don't / do not / stop / cancel / help / tell / give
    generate / convert / replace / rewrite / simplify / document / describe / summari[sz]e / clean / format / lint
    debug / investigate / compare / search / set / configure / enable / disable / start / restart / merge / rebase
    clone / pull / fetch / copy / print / draw / plan / review / improve / optimi[sz]e / translate / upgrade / bump
    pin / split / extract / wrap / skip / ignore / keep / put / turn / switch / let me see / retry / repeat / send
    upload / download / drop / import / export / migrate / handle / ensure / mache? / füge? / schreibe? / ändere?
    lösche? / erstelle? / zeige? / teste? / starte? / erkläre? / prüfe? / baue? / nimm / behebe? / korrigiere?
    verschiebe? / entferne? / benenne? / ajoutez? / corrigez? / fais / faites / créez? / cré[er] / supprimez?
    montrez? / expliquez? / lancez? / écri[st] / écrivez / changez? / renommez? / enlevez? / remplacez? / añade
    agrega / arregla / corrige / haz / crea / escribe / borra / elimina / muestra / explica / ejecuta / prueba
    cambia / quita / pon
"""
# A verb that is a noun here: "build is red".
NOT_BEFORE = r"(?! (?:is|are|was|were|looks?|seems?|has|had|will|fail(?:s|ed)|pass(?:es|ed)|broke|works?|worked)(?!\w))"
INSTRUCTION_ANYWHERE = r"""
    (?<!\w)(?:please|pls|plz|bitte|stp|svp|por favor|s'il (?:te|vous) plaît)(?!\w)
    (?:て|で)(?:ください|下さい|くれ|ほしい) / お願い / 请 / 帮我 / 把 / (?:해|줘|주)세요 / 해 ?줘 / 줘(?!\w)
"""
ABOUT_CODE = (
    r"```|`[^`\n]{2,200}`|(?<!\w)open ?(?:cord|code)(?!\w)"
    r"|Traceback \(most recent|(?m:^\s{0,40}at [^\n]{1,200}:\d+)|\b\w{0,40}(?:Error|Exception)\b:|\bpanic:|\bfatal:"
    r"|\berror(?:\[\w{1,10}\]| TS\d{1,6})|npm ERR!|Segmentation fault|exit (?:code|status) \d"
    r"|(?<![\w./-])(?:~|\.{1,2})?/\w[\w.-]{1,60}(?:/[\w.-]{1,60}){0,20}|\b[A-Za-z]:\\\w"
    r"|(?<![\w-])[\w-]{1,60}\.(?:py|pyi|ipynb|[cm]?[jt]sx?|json|ya?ml|toml|lock|md|rst|txt|csv|html?|s?css|go|rs|rb|java"
    r"|kts?|swift|[ch](?:pp)?|cs|php|sql|sh|zsh|ps1|env|ini|cfg|conf|xml|svg|png|log|diff|patch|tf|proto|gradle|vue|svelte)"
    r"(?![\w.])|(?<!\w)(?:Makefile|Dockerfile|Procfile|README)(?!\w)"
)


def plain(text: str) -> str:
    """In small letters, in one of Unicode's many ways to write the same, without markup and custom emoji, and with no
    more of links and code than these words. Lines stay lines."""
    spoken = _UNSPOKEN.sub(" ", _LINK.sub(" link ", _CODE.sub(" code ", text)))
    folded = unicodedata.normalize("NFKC", spoken).translate(_MARKUP).casefold()
    return re.sub(r"[^\S\n]+", " ", folded).strip()


_CODE = re.compile(r"```[\s\S]*?(?:```|$)|`[^`\n]{1,200}`")
_LINK = re.compile(r"https?://\S+")
_UNSPOKEN = re.compile(r"<a?:\w{1,40}:\d{1,20}>|(?<!\w):[a-z0-9_+-]{2,40}:(?!\w)|[\u200d\ufe0f]", re.IGNORECASE)
_MARKUP = {ord("’"): "'", ord("‘"): "'", **dict.fromkeys(map(ord, "`*_~|"), " ")}


def shows(text: str) -> bool:
    """Whether there is anything to see in it."""
    return any(not one.isspace() and unicodedata.category(one) not in ("Cc", "Cf") for one in text)


def _items(phrases: str) -> list[str]:
    return [item for item in re.split(r"\n\s*|\s+/\s+", unicodedata.normalize("NFKC", phrases)) if item.strip()]


def _unspaced(phrases: str) -> str:
    """Any of them; the longest first, for nothing else keeps a short one from being taken for all of it."""
    return "|".join(sorted(_items(phrases), key=len, reverse=True))


def _spaced(phrases: str, behind: str = "") -> str:
    return rf"(?:{_unspaced(phrases)})(?!\w){behind}"


_END = r"(?= ?(?:[^\w\s@]|\n|$))"
_TOKEN = re.compile(
    rf"(?P<talk>{_unspaced(TALK_UNSPACED)}|{_spaced(TALK)})"
    rf"|(?P<answer>{_unspaced(ANSWER_UNSPACED)}|{_spaced(ANSWER)}|{_spaced(ANSWER_ALONE, _END)})"
    rf"|(?P<lead>{_spaced(LEAD)})|(?P<name>{_spaced(NAME)})|(?P<mention>@[\w.-]{{1,40}})|\W"
)
_ASKS = re.compile(_spaced(QUESTION, "(?!')"))
_ASKS_ANYWHERE = re.compile(_unspaced(QUESTION_UNSPACED))
_INSTRUCTS = re.compile(_spaced(INSTRUCTION, NOT_BEFORE))
_INSTRUCTS_ANYWHERE = re.compile(_unspaced(INSTRUCTION_ANYWHERE))
_ABOUT_CODE = re.compile(ABOUT_CODE)
_CLAUSE = re.compile(r"[.!?;:,\n。、]")


def opening(said: str) -> tuple[frozenset[Token], str]:
    """The known phrases that it begins with, and the rest, from the first word that belongs to none of them."""
    found: set[Token] = set()
    position = 0
    while position < len(said) and (token := _TOKEN.match(said, position)):
        position = token.end()
        if token.lastgroup:
            found.add(Token(token.lastgroup))
    return frozenset(found), said[position:]


def _openings(rest: str) -> Iterator[str]:
    """How each clause begins: as it stands, and behind its known phrases."""
    for clause in _CLAUSE.split(rest):
        yield clause.lstrip(" -")
        yield opening(clause)[1]


def asks(rest: str) -> bool:
    return bool(_ASKS_ANYWHERE.search(rest)) or any(_ASKS.match(begin) for begin in _openings(rest))


def instructs(rest: str) -> bool:
    return bool(_INSTRUCTS_ANYWHERE.search(rest)) or any(_INSTRUCTS.match(begin) for begin in _openings(rest))


def is_about_code(text: str) -> bool:
    """Whether it shows code, a trace, a file's name or path, or names us. `text` as it was written."""
    return bool(_ABOUT_CODE.search(_LINK.sub(" ", text)))


_BEFORE_AN_OBJECT = frozenset(
    {"about", "and", "as", "at", "by", "for", "from", "like", "of", "on", "or", "than", "to", "with"}
)


def ends_with_a_name(said: str) -> bool:
    """Whether the last that it says is `@somebody`, as when one speaks to them: "can you review it, @bob?"."""
    before, at, name = said.rpartition("@")
    words = before.split()
    return bool(at and words) and len(name.split()) <= 2 and words[-1] not in _BEFORE_AN_OBJECT


_NAMED_FIRST = re.compile(r"[^\W\d_][\w'’-]*,\s")


def begins_with_a_name(rest: str) -> bool:
    """Whether it begins as one calls somebody: "Ben, did you see the match?". `rest` is behind the known phrases."""
    return bool(_NAMED_FIRST.match(rest)) and not _INSTRUCTS.match(rest) and not _ASKS.match(rest)
