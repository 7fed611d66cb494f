// discord-digital-twin as a program: says where it is, then does what each line of its standard input tells it:
// `say <words>` lets a person write in the channel, `drop` cuts every connection to the Gateway.
import { createInterface } from 'node:readline'
import { DigitalDiscord } from 'discord-digital-twin'

const discord = new DigitalDiscord({ channels: [{ name: 'general', type: 0 }], users: [{ username: 'Ada' }] })
await discord.start()
const [channel] = await discord.prisma.channel.findMany()
const person = discord.channel(channel.id).user(await discord.getFirstNonBotUserId())
console.log(JSON.stringify({ api: `${discord.restUrl}/v10`, token: discord.botToken }))

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'drop') for (const client of [...discord.server.gateway.clients]) client.ws.terminate()
  else await person.sendMessage({ content: line.slice('say '.length) })
}
process.exit(0)
