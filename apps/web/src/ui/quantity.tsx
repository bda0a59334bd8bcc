import { memo } from 'react'
import { formatBytes } from '../util/format.ts'

type QuantityProps = { bytes: number } | { value: number | string; unit: string }

/** A figure and its unit, the unit dimmed: 8 GiB, 4 vCPU. */
export const Quantity = memo(function Quantity(props: QuantityProps) {
  const { value, unit } = 'bytes' in props ? formatBytes(props.bytes) : props
  return (
    <span className="qty">
      {`${value} `}
      <i>{unit}</i>
    </span>
  )
})
