/** The place of a text that is coming. Widths in pixels. */
export function Skeleton({ width = 96 }: { width?: number }) {
  return <i className="sk" style={{ width }} aria-hidden="true" />
}

/** A page's worth of them, announced once. */
export function SkeletonLines({ label, widths = [220, 320, 280, 240] }: { label: string; widths?: readonly number[] }) {
  return (
    <div className="sk-lines" role="status" aria-busy="true">
      <span className="sr">{label}</span>
      {widths.map((width, index) => (
        <Skeleton key={index} width={width} />
      ))}
    </div>
  )
}
