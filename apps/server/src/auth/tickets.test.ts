import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { StatusError } from '@virtdeck/k8s'
import { propertyRuns, propertyTimeoutMs } from '../testing/property-runs.ts'
import { createKeyRing } from './sealed-cookie.ts'
import type { Session } from './sessions.ts'
import { createTickets } from './tickets.ts'

vi.setConfig({ testTimeout: propertyTimeoutMs })

const session = (sid: string) => ({ sid }) as Session
const [ann, ben] = [session('ann'), session('ben')]
const target = '/k8s/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachineinstances/web-01/vnc?preserveSession=true'

function office() {
  let nowMs = 1_000_000
  const tickets = createTickets({ ring: createKeyRing(), now: () => nowMs })
  const takes = (who: Session, where: string, ticket: string | undefined): boolean => {
    try {
      tickets.redeem(who, where, ticket)
      return true
    } catch (error) {
      if (error instanceof StatusError && error.code === 403) return false
      throw error
    }
  }
  return { tickets, takes, pass: (ms: number) => (nowMs += ms) }
}

test('takes a ticket once, for the session and the target it was issued for [W-04]', () => {
  const { tickets, takes } = office()
  const { ticket } = tickets.issue(ann, target)
  expect(ticket).toMatch(/^[A-Za-z0-9_-]+$/)
  expect(takes(ben, target, ticket)).toBe(false)
  expect(takes(ann, '/live', ticket)).toBe(false)
  expect(takes(ann, target.replace('true', 'false'), ticket)).toBe(false)
  expect(takes(ann, target, undefined)).toBe(false)
  expect(takes(ann, target, ticket)).toBe(true)
  expect(takes(ann, target, ticket)).toBe(false)
})

test('takes no ticket that is 30 seconds old, nor one that was used before others expired [W-04]', () => {
  const { tickets, takes, pass } = office()
  const late = tickets.issue(ann, target).ticket
  pass(30_000)
  expect(takes(ann, target, late)).toBe(false)
  const used = tickets.issue(ann, target).ticket
  expect(takes(ann, target, used)).toBe(true)
  pass(29_000)
  expect(takes(ann, target, tickets.issue(ann, target).ticket)).toBe(true)
  expect(takes(ann, target, used)).toBe(false)
})

test('takes no ticket that it did not issue, and never throws anything else [W-04]', () => {
  const { tickets, takes } = office()
  const foreign = office().tickets.issue(ann, target).ticket
  expect(takes(ann, target, foreign)).toBe(false)
  const { ticket } = tickets.issue(ann, target)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.split('')
  const altered = fc
    .tuple(fc.nat(ticket.length - 2), fc.constantFrom(...alphabet))
    .map(([at, letter]) => ticket.slice(0, at) + letter + ticket.slice(at + 1))
  fc.assert(
    fc.property(fc.oneof(altered, fc.string(), fc.base64String()), (text) => {
      expect(text === ticket || !takes(ann, target, text)).toBe(true)
    }),
    { numRuns: propertyRuns },
  )
  expect(takes(ann, target, ticket)).toBe(true)
})
