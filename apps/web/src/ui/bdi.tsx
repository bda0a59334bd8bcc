import type { ReactNode } from 'react'
import { CELL_CHARACTERS, DETAIL_CHARACTERS, visibleText } from '../util/visible-text.ts'

type BdiProps = {
  children: string
  /** DETAIL_CHARACTERS where there is room to read. */
  maxCharacters?: number
  className?: string
  /** Shows more of it under the pointer. */
  title?: string
}

/** What somebody else wrote: its direction does not spill into the text around it, and nothing of it is hidden. */
export function Bdi({ children, maxCharacters = CELL_CHARACTERS, className, title }: BdiProps) {
  return (
    <bdi className={className} title={title === undefined ? undefined : visibleText(title, maxCharacters)}>
      {visibleText(children, maxCharacters)}
    </bdi>
  )
}

/** Text of whatever origin, a cluster's own words among them; anything but text as it is. */
export function Told({ children }: { children: ReactNode }) {
  return typeof children === 'string' ? <Bdi maxCharacters={DETAIL_CHARACTERS}>{children}</Bdi> : children
}
