// What the app acknowledges: running, done, failed. One toast per id; a verb's end replaces its beginning.
import { create } from 'zustand'

const DONE_MS = 5_000
const FAILED_MS = 15_000

export type Toast = { id: string; kind: 'running' | 'done' | 'failed'; text: string; cause?: string }

type ToastsState = { toasts: readonly Toast[] }

export const useToasts = create<ToastsState>(() => ({ toasts: [] }))

const timers = new Map<string, ReturnType<typeof setTimeout>>()

function show(item: Toast, lifetimeMs?: number) {
  clearTimeout(timers.get(item.id))
  timers.delete(item.id)
  useToasts.setState(({ toasts }) => ({ toasts: [...toasts.filter(({ id }) => id !== item.id), item] }))
  if (lifetimeMs !== undefined)
    timers.set(
      item.id,
      setTimeout(() => dismiss(item.id), lifetimeMs),
    )
}

function dismiss(id: string) {
  clearTimeout(timers.get(id))
  timers.delete(id)
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((item) => item.id !== id) }))
}

export const toast = {
  /** Stays until `done`, `failed` or `dismiss` with the same id. */
  running: (id: string, text: string) => show({ id, kind: 'running', text }),
  done: (id: string, text: string) => show({ id, kind: 'done', text }, DONE_MS),
  /** `cause` in the cluster's words. */
  failed: (id: string, text: string, cause?: string) => show({ id, kind: 'failed', text, cause }, FAILED_MS),
  dismiss,
}
