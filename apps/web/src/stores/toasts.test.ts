import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { toast, useToasts } from './toasts.ts'

const shown = () => useToasts.getState().toasts.map(({ id, kind, text }) => `${id} ${kind} ${text}`)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.runAllTimers()
  for (const { id } of useToasts.getState().toasts) toast.dismiss(id)
  vi.useRealTimers()
})

test('a running toast stays until its verb ends', () => {
  toast.running('a', 'Migrating web-01')
  vi.advanceTimersByTime(60_000)
  expect(shown()).toEqual(['a running Migrating web-01'])
  toast.done('a', 'Migrated web-01')
  expect(shown()).toEqual(['a done Migrated web-01'])
  vi.advanceTimersByTime(5_000)
  expect(shown()).toEqual([])
})

test('a failure stays 15 s and says its cause', () => {
  toast.failed('a', 'Could not stop web-01', 'etcd leader changed')
  vi.advanceTimersByTime(14_000)
  expect(useToasts.getState().toasts[0]?.cause).toBe('etcd leader changed')
  vi.advanceTimersByTime(1_000)
  expect(shown()).toEqual([])
})

test('a toast that comes again starts its time afresh', () => {
  toast.done('a', 'Stopped web-01')
  vi.advanceTimersByTime(4_000)
  toast.running('a', 'Starting web-01')
  vi.advanceTimersByTime(60_000)
  expect(shown()).toEqual(['a running Starting web-01'])
})

test('the latest stands last', () => {
  toast.done('a', 'One')
  toast.done('b', 'Two')
  toast.done('a', 'Three')
  expect(shown()).toEqual(['b done Two', 'a done Three'])
})
