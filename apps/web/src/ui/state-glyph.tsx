// The shapes that carry a state. The colour repeats it and the word says it, so that neither is needed alone.
import type { VmState } from '@virtdeck/kubevirt'
import { memo } from 'react'

export type State = VmState | 'warning'

const shapes = {
  running: <circle cx="8" cy="8" r="4.5" fill="currentColor" stroke="none" />,
  stopped: <rect x="4" y="4" width="8" height="8" rx="1" />,
  paused: <path d="M5.7 4v8M10.3 4v8" strokeWidth="2.4" />,
  transit: (
    <>
      <circle cx="8" cy="8" r="4.7" opacity=".28" strokeWidth="1.9" />
      <path d="M8 3.3a4.7 4.7 0 0 1 4.7 4.7" strokeWidth="1.9" />
    </>
  ),
  warning: (
    <>
      <path d="M8 2.2 14.3 13.4H1.7z" fill="currentColor" stroke="currentColor" strokeWidth="1.2" />
      <path d="M8 6.4v3.2M8 11.4h.01" className="cut" strokeWidth="1.6" />
    </>
  ),
  error: (
    <>
      <path d="M5.4 2h5.2L14 5.4v5.2L10.6 14H5.4L2 10.6V5.4z" fill="currentColor" stroke="none" />
      <path d="m5.9 5.9 4.2 4.2m0-4.2-4.2 4.2" className="cut" strokeWidth="1.6" />
    </>
  ),
  unknown: <circle cx="8" cy="8" r="4.7" strokeDasharray="2 2" />,
} satisfies Record<State, React.ReactNode>

export const StateGlyph = memo(function StateGlyph({ state, className = '' }: { state: State; className?: string }) {
  return (
    <svg className={`ic glyph ${state === 'transit' ? 'spin' : ''} ${className}`} viewBox="0 0 16 16" aria-hidden="true">
      {shapes[state]}
    </svg>
  )
})
