// What somebody has typed and not sent, over the end of their session: in memory alone, for the same person in the same tab.
import type { Session } from '@virtdeck/server/protocol'
import { useEffect, useRef } from 'react'
import { sessionKey } from './client.ts'
import { queryClient } from './query-client.ts'

const drafts = new Map<string, { user: string; value: unknown }>()

const userName = () => queryClient.getQueryData<Session>(sessionKey)?.user?.name

/** What was kept under this key for whoever is signed in now. */
export function keptDraft<T>(key: string): T | undefined {
  const draft = drafts.get(key)
  // Only what was kept under the key is read under it: its type is its own.
  return draft && draft.user === userName() ? (draft.value as T) : undefined
}

/** Keeps what `read` has when the page goes because the session is over; who leaves the page by themselves leaves it behind. */
export function useDraft<T>(key: string, read: () => T): void {
  const reading = useRef(read)
  useEffect(() => {
    reading.current = read
  })
  useEffect(() => {
    const user = userName()
    drafts.delete(key)
    return () => {
      if (user !== undefined && userName() === undefined) drafts.set(key, { user, value: reading.current() })
    }
  }, [key])
}

/** Who signs out leaves nothing behind. */
export function forgetDrafts(): void {
  drafts.clear()
}
