// A request straight to the simulated API server, as somebody: the server in between limits how fast one person may ask.
import { request } from 'node:https'
import type { Stack } from '../../../../dev/stack.ts'

/** Asks as the user of that name; `body` is what the answer's JSON says. */
export function askCluster(
  { cluster }: Stack,
  as: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ code: number; body: unknown }> {
  const token = cluster.users.find(({ name }) => name === as)?.token
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    request(cluster.url + path, { method, ca: cluster.caCert, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.once('end', () => resolve({ code: response.statusCode ?? 0, body: JSON.parse(text) }))
    })
      .on('error', reject)
      .end(body === undefined ? undefined : JSON.stringify(body))
  })
}
