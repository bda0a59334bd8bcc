import { Elapsed } from './elapsed.tsx'
import { Progress } from './progress.tsx'
import { StateGlyph } from './state-glyph.tsx'
import type { State } from './state-glyph.tsx'
import { Bdi } from './bdi.tsx'
import { isPlain, visibleText } from '../util/visible-text.ts'

type StatusBadgeProps = {
  state: State
  /** `Running`, `Crash loop`: statusWords(row). */
  word: string
  /** Seconds since the epoch. */
  since?: number
  /** In headers; without, as in table rows. */
  pill?: boolean
  /** Percent; shown instead of the elapsed time. */
  progress?: number
}

export function StatusBadge({ state, word, since, pill, progress }: StatusBadgeProps) {
  return (
    <>
      <span className={`badge ${state}${pill ? ' pill' : ''}`}>
        <StateGlyph state={state} />
        <b>{isPlain(word) ? word : <Bdi>{word}</Bdi>}</b>
        {progress === undefined && since !== undefined && <Elapsed since={since} />}
      </span>
      {progress !== undefined && (
        <span className="inprog">
          <Progress value={progress} label={word} />
          <span className="mono dim">{Math.round(progress)}%</span>
        </span>
      )}
    </>
  )
}

/** A second, smaller thing to know beside a state: `Can't live-migrate`. */
export function WarningTag({ children, title }: { children: React.ReactNode; title?: string }) {
  return (
    <span className="tagw" title={title && visibleText(title)}>
      <StateGlyph state="warning" />
      <span>{children}</span>
    </span>
  )
}
