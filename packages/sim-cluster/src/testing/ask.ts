// One request to a simulated cluster as one of its users.
import { request as httpsRequest } from 'node:https'
import type { SimCluster } from '../sim-cluster.ts'

export type Asked = { code: number; text: string; json<T>(): T }

/** Sends a request and reads the answer whole. */
export function ask(cluster: SimCluster, user: string, method: string, path: string, body?: object): Promise<Asked> {
  const token = cluster.users.find((candidate) => candidate.name === user)?.token
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(`${cluster.url}${path}`, {
      method,
      ca: cluster.caCert,
      agent: false,
      headers: { Authorization: `Bearer ${token}`, Accept: '*/*', 'Content-Type': 'application/json' },
    })
    sent.once('error', reject)
    sent.once('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.once('end', () => resolve({ code: response.statusCode ?? 0, text, json: <T>() => JSON.parse(text) as T }))
    })
    sent.end(body ? JSON.stringify(body) : undefined)
  })
}
