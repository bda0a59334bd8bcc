// A simulated cluster with the recorded cluster's users, on a clock that the suite moves.
import { Agent } from 'node:https'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { manualClock } from '../clock.ts'
import { startSimCluster } from '../sim-cluster.ts'
import { recordedScenario } from './recorded-scenario.ts'
import { connect, type Target } from './target.ts'

const upgradeLimitMs = 5000

export async function simulatedTarget(): Promise<Target> {
  const clock = manualClock(Date.parse('2026-11-20T23:04:50Z'))
  const failures: unknown[] = []
  const cluster = await startSimCluster({
    scenario: recordedScenario,
    clock,
    onError: (where, error) => failures.push(new Error(where, { cause: error })),
  })
  const tokens = new Map(cluster.users.map(({ name, token }) => [name, token]))
  const agent = new Agent({ keepAlive: true })
  const connection = connect({
    url: cluster.url,
    tls: { ca: cluster.caCert },
    agent,
    credentials: (user) => (user === 'none' ? undefined : { token: tokens.get(user) ?? `token-of-${user}` }),
  })
  const pass = async (ms: number) => {
    // What a moment sets off may need a turn of the event loop before the next moment.
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(Math.min(100, ms - passed))
      await nextTurn()
    }
    // An answer on another connection comes after everything that was written before it.
    await connection.send({ user: 'admin', method: 'GET', path: '/version' })
    await nextTurn()
  }
  return {
    ...connection,
    pass,
    async upgrade(...request) {
      const pending = connection.upgrade(...request)
      for (let waitedMs = 0; waitedMs < upgradeLimitMs && !pending.done(); waitedMs += 100) await pass(100)
      if (!pending.done()) pending.giveUp()
      return pending.answer
    },
    takeVirtApiDown() {
      cluster.virtApi.reachable = false
      return true
    },
    async [Symbol.asyncDispose]() {
      agent.destroy()
      await cluster[Symbol.asyncDispose]()
      if (failures.length > 0) throw new AggregateError(failures, 'the simulated cluster failed')
    },
  }
}
