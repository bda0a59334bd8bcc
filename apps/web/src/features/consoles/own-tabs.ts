// Tabs of one browser tell each other which consoles they hold: the other session may be one's own.
import { useEffect, useState } from 'react'
import type { ConsolePhase } from './console-session.ts'

type Word = { key: string; says: 'who has it' | 'I have it' }

/** Whether the console that is in use is so in another tab of this browser. */
export function useHeldByOwnTab(key: string, { name }: ConsolePhase): boolean {
  const [answered, setAnswered] = useState(false)
  const holding = name === 'live'
  const asking = name === 'inUse'
  useEffect(() => {
    const channel = new BroadcastChannel('virtdeck.consoles')
    const say = (says: Word['says']) => channel.postMessage({ key, says } satisfies Word)
    channel.onmessage = ({ data }: MessageEvent<Word>) => {
      if (data.key !== key) return
      if (data.says === 'who has it' && holding) say('I have it')
      if (data.says === 'I have it' && asking) setAnswered(true)
    }
    if (asking) say('who has it')
    return () => channel.close()
  }, [key, holding, asking])
  return answered && asking
}
