// What answers on a Linux guest's ports: nginx, where it runs. SSH needs keys that nobody has, and stays silent.
import { resolvePath } from './filesystem.ts'
import type { GuestConnection } from './guest.ts'
import type { System } from './system.ts'

const requestLimitBytes = 16 * 1024

export function connectToService(
  system: System,
  port: number,
  send: (bytes: Buffer) => void,
  end: () => void,
): GuestConnection | undefined {
  if (port !== 80 || system.services.get('nginx')?.state !== 'active') return undefined
  let received = ''
  return {
    receive(bytes) {
      received += bytes.toString('latin1')
      const blank = received.indexOf('\r\n\r\n')
      if (blank === -1 && received.length < requestLimitBytes) return
      const [, method = '', target = ''] = /^(\S+) (\S+) HTTP\/1\.[01]\r\n/.exec(received) ?? []
      send(Buffer.from(respond(system, method, target)))
      end()
    },
  }
}

function respond({ files }: System, method: string, target: string): string {
  const path = resolvePath('/srv/www', `.${target.split('?')[0] ?? '/'}`)
  const file = files.isDirectory(path) ? `${path}/index.html` : path
  const found = path.startsWith('/srv/www') && files.isFile(file)
  const [code, text] =
    method === ''
      ? [400, 'Bad Request']
      : method !== 'GET' && method !== 'HEAD'
        ? [405, 'Not Allowed']
        : found
          ? [200, 'OK']
          : [404, 'Not Found']
  const body =
    code === 200
      ? (files.read(file) ?? '')
      : `<html>\n<head><title>${code} ${text}</title></head>\n<body><center><h1>${code} ${text}</h1></center></body>\n</html>\n`
  const head = [
    `HTTP/1.1 ${code} ${text}`,
    'Server: nginx/1.24.0',
    `Content-Type: ${code !== 200 || file.endsWith('.html') ? 'text/html' : 'text/plain'}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  return `${head.join('\r\n')}\r\n\r\n${method === 'HEAD' ? '' : body}`
}
