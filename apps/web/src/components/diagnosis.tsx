import type { ReactNode } from 'react'
import { StateGlyph } from '../ui/state-glyph.tsx'
import type { State } from '../ui/state-glyph.tsx'

export type Evidence = {
  state: State
  /** Kubernetes' own word: a condition's type, a phase. */
  name: string
  /** Its value, reason and message, untouched. */
  text: string
  /** Anything short at the right: when. */
  since?: ReactNode
}

type DiagnosisProps = {
  tone: 'warning' | 'error'
  /** One sentence. */
  title: string
  body?: ReactNode
  evidence?: readonly Evidence[]
  /** One fix: a button. */
  fix?: ReactNode
}

/** Why something is not well: a sentence, the evidence below it, one fix. Absent when all is well. */
export function Diagnosis({ tone, title, body, evidence = [], fix }: DiagnosisProps) {
  return (
    <section className={`panel diag${tone === 'error' ? ' err' : ''}`} aria-label="Diagnosis">
      <div className="say">
        <StateGlyph state={tone} />
        <h2>{title}</h2>
        {fix}
        {body && <p>{body}</p>}
      </div>
      {evidence.length > 0 && (
        <ul className="chain">
          {evidence.map(({ state, name, text, since }) => (
            <li key={`${name} ${text}`}>
              <StateGlyph state={state} className={`c-${state}`} />
              <span>{name}</span>
              <span className="mono" title={text}>
                {text}
              </span>
              {since}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
