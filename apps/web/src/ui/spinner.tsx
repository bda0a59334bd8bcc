import { StateGlyph } from './state-glyph.tsx'

/** Work in progress. With a label it announces itself; without, it stands beside a word that does. */
export function Spinner({ label }: { label?: string }) {
  return label ? (
    <span role="status" className="c-transit">
      <StateGlyph state="transit" />
      <span className="sr">{label}</span>
    </span>
  ) : (
    <StateGlyph state="transit" />
  )
}
