// What the server's pass-through costs against the API server itself, in turns within one run.
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { signIn } from './sign-in.ts'
import type { BenchStack } from './stack.ts'

export type ProxyFigures = {
  /** Median of one VM through the server over median of the same from the API server. */
  getRatio: number
  /** Milliseconds that the server adds to getting one VM, at the median. */
  addedMs: number
  /** The same for a page of 500 VMs. */
  pageRatio: number
}

type Fetch = (path: string) => Promise<number>

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** Signs in at the server and measures gets and pages, the two ways in turns. */
export async function measureProxy(stack: BenchStack): Promise<ProxyFigures> {
  const httpsAgent = new HttpsAgent({ ca: stack.cluster.ca, keepAlive: true })
  const httpAgent = new HttpAgent({ keepAlive: true })
  try {
    const { cookie } = await signIn(stack.url)
    const direct: Fetch = (path) =>
      timed((done, fail) =>
        httpsRequest(
          new URL(path, stack.cluster.url),
          { agent: httpsAgent, headers: { authorization: `Bearer ${stack.cluster.token('admin')}`, accept: 'application/json' } },
          done,
        ).on('error', fail),
      )
    const proxied: Fetch = (path) =>
      timed((done, fail) =>
        httpRequest(new URL(`/k8s${path}`, stack.url), { agent: httpAgent, headers: { cookie, accept: 'application/json' } }, done).on(
          'error',
          fail,
        ),
      )
    const page = '/apis/kubevirt.io/v1/virtualmachines?limit=500'
    const { items } = (await (await fetch(new URL(`/k8s${page.replace('500', '1')}`, stack.url), { headers: { cookie } })).json()) as {
      items: { metadata: { namespace: string; name: string } }[]
    }
    const first = items[0]
    if (!first) throw new Error('the fleet is empty')
    const vm = `/apis/kubevirt.io/v1/namespaces/${first.metadata.namespace}/virtualmachines/${first.metadata.name}`
    const get = await inTurns(direct, proxied, vm, 400)
    const list = await inTurns(direct, proxied, page, 40)
    return { getRatio: get.proxied / get.direct, addedMs: get.proxied - get.direct, pageRatio: list.proxied / list.direct }
  } finally {
    httpsAgent.destroy()
    httpAgent.destroy()
  }
}

async function inTurns(direct: Fetch, proxied: Fetch, path: string, rounds: number) {
  const directMs: number[] = []
  const proxiedMs: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    directMs.push(await direct(path))
    proxiedMs.push(await proxied(path))
  }
  return { direct: median(directMs), proxied: median(proxiedMs) }
}

function timed(
  send: (done: (response: import('node:http').IncomingMessage) => void, fail: (error: Error) => void) => import('node:http').ClientRequest,
): Promise<number> {
  const startedAt = performance.now()
  return new Promise((resolve, reject) => {
    send((response) => {
      if (response.statusCode !== 200) reject(new Error(`answered ${response.statusCode}`))
      response.resume()
      response.on('end', () => resolve(performance.now() - startedAt))
    }, reject).end()
  })
}
