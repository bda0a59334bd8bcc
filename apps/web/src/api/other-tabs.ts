// Tabs of one browser share a session, whichever replica each is connected to: who signs in or out in one tells the others.
import { useEffect } from 'react'
import { sessionKey } from './client.ts'
import { queryClient } from './query-client.ts'

const name = 'virtdeck.session'

/** Has the other tabs ask who is signed in now. */
export function tellOtherTabs(): void {
  const channel = new BroadcastChannel(name)
  channel.postMessage('changed')
  channel.close()
}

/** Asks who is signed in when another tab says that it changed. */
export function useOtherTabs(): void {
  useEffect(() => {
    const channel = new BroadcastChannel(name)
    channel.addEventListener('message', () => void queryClient.refetchQueries({ queryKey: sessionKey }))
    return () => channel.close()
  }, [])
}
