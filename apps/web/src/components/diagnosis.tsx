import type { ReactNode } from 'react'
import { StateGlyph } from '../ui/state-glyph.tsx'
import type { State } from '../ui/state-glyph.tsx'
import { Bdi, Told } from '../ui/bdi.tsx'
import { DETAIL_CHARACTERS } from '../util/visible-text.ts'

type Evidence = {
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
        <h2>
          <Bdi>{title}</Bdi>
        </h2>
        {fix}
        {body && (
          <p>
            <Told>{body}</Told>
          </p>
        )}
      </div>
      {evidence.length > 0 && (
        <ul className="chain">
          {evidence.map(({ state, name, text, since }) => (
            <li key={`${name} ${text}`}>
              <StateGlyph state={state} className={`c-${state}`} />
              <Bdi>{name}</Bdi>
              <Bdi className="mono" title={text} maxCharacters={DETAIL_CHARACTERS}>
                {text}
              </Bdi>
              {since}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
