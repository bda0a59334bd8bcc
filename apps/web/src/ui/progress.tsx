type ProgressProps = {
  /** Percent; absent while it is not known how far it is. */
  value?: number
  /** What makes progress. */
  label: string
  /** As wide as its container. */
  wide?: boolean
  /** It takes longer than it should. */
  stuck?: boolean
}

const variable = (percent: number) => ({ '--v': `${Math.min(100, Math.max(0, percent))}%` }) as React.CSSProperties

export function Progress({ value, label, wide, stuck }: ProgressProps) {
  return (
    <span
      className={`progress${wide ? ' wide' : ''}${stuck ? ' warm' : ''}${value === undefined ? ' indeterminate' : ''}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={value === undefined ? undefined : Math.round(value)}
      style={variable(value ?? 30)}
    />
  )
}

/** A share in use, with what it is in words: grey, amber from 85 %, red from 92 %. */
export function Meter({ value, label, text, wide }: { value: number; label: string; text?: string; wide?: boolean }) {
  const heat = value >= 92 ? ' hot' : value >= 85 ? ' warm' : ''
  return (
    <span
      className={`meter${wide ? ' wide' : ''}${heat}`}
      role="meter"
      aria-label={label}
      aria-valuetext={text}
      title={text}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(value)}
      style={variable(value)}
    />
  )
}
