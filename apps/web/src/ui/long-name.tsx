import { visibleText } from '../util/visible-text.ts'
import { Bdi } from './bdi.tsx'

/** Longer than this it may not fit where names stand. */
const LONG = 20
/** What tells names of one kind apart is at their ends: `web-01`, `web-02`. */
const END = 7
const plain = /^[\x21-\x7e]+$/

export const isLong = (name: string) => name.length > LONG && plain.test(name)

/**
 * A name that gives up its middle where there is no room for it: `payments-integra…ca-0001`. It is of two parts then, so that
 * whatever it names, as a link, has the whole of it as its label.
 */
export function LongName({ children }: { children: string }) {
  if (!isLong(children)) return <Bdi>{children}</Bdi>
  const name = visibleText(children)
  return (
    <bdi className="longname">
      <span>{name.slice(0, -END)}</span>
      <span>{name.slice(-END)}</span>
    </bdi>
  )
}
