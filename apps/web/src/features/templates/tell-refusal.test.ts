import { failure } from '@virtdeck/k8s'
import { expect, onTestFinished, test, vi } from 'vitest'
import { useToasts } from '../../stores/toasts.ts'
import type { CreateValues } from './create-values.ts'
import { tellRefusal } from './tell-refusal.ts'

const answers = { namespace: 'shop', name: 'web' } as CreateValues
const refusal = failure(403, 'exceeded quota: shop')

test('tells a refusal on the form while one looks at it, and nowhere else [F044]', () => {
  const setError = vi.fn()
  tellRefusal(refusal, answers, setError)
  expect(setError.mock.calls).toEqual([['root.server', { message: 'exceeded quota: shop' }]])
  expect(useToasts.getState().toasts).toEqual([])
})

test('tells it as a toast where one has left the form before it came [F044]', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  tellRefusal(refusal, answers, undefined)
  expect(useToasts.getState().toasts).toMatchObject([{ kind: 'failed', text: 'Could not create web', cause: 'exceeded quota: shop' }])
})
