/** A missing value. */
export function Dash() {
  return (
    <span className="dash">
      <span aria-hidden="true">—</span>
      <span className="sr">none</span>
    </span>
  )
}
