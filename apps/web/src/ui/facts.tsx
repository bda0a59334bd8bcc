import { Fragment } from 'react'
import type { ReactNode } from 'react'
import { CopyButton } from './copy-button.tsx'
import { Dash } from './dash.tsx'
import { Told } from './bdi.tsx'

export type Fact = {
  label: string
  /** Nothing is an em dash. */
  value: ReactNode
  /** Offers to copy this. */
  copy?: string
}

const isMissing = (value: ReactNode) => value === undefined || value === null || value === '' || value === false

function FactValue({ label, value, copy }: Fact) {
  if (isMissing(value)) return <Dash />
  return (
    <>
      <Told>{value}</Told>
      {copy && <CopyButton text={copy} label={`Copy ${label}`} />}
    </>
  )
}

/** What there is to know about an object, the label above the value, in three columns. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  const inLastRow = facts.length % 3 || 3
  return (
    <dl className="facts">
      {facts.map((fact, index) => (
        <div key={fact.label} className={index >= facts.length - inLastRow ? 'lastrow' : undefined}>
          <dt>{fact.label}</dt>
          <dd>
            <FactValue {...fact} />
          </dd>
        </div>
      ))}
    </dl>
  )
}

/** The same as a list, the label at the left. */
export function KeyValue({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className="kv">
      {facts.map((fact) => (
        <Fragment key={fact.label}>
          <dt>{fact.label}</dt>
          <dd>
            <FactValue {...fact} />
          </dd>
        </Fragment>
      ))}
    </dl>
  )
}
