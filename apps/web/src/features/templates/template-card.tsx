import type { TemplateRow } from '@virtdeck/kubevirt'
import { Link } from 'react-router'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/button.tsx'
import { OsTile } from '../../ui/os-tile.tsx'
import { Quantity } from '../../ui/quantity.tsx'
import { Spinner } from '../../ui/spinner.tsx'
import { StateGlyph } from '../../ui/state-glyph.tsx'
import { formatBytes } from '../../util/format.ts'
import { originText } from './disk-text.ts'
import { subtitle } from './gallery.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { DETAIL_CHARACTERS, visibleText } from '../../util/visible-text.ts'

type TemplateCardProps = {
  facts: TemplateRow
  /** Why this user can create nothing. */
  disabledReason?: string
}

/** What one gets, whether it is ready, and Create. */
export function TemplateCard({ facts, disabledReason }: TemplateCardProps) {
  const to = paths.createFromTemplate(facts)
  const reason = facts.notReadyReason ?? disabledReason
  return (
    <article className={facts.image === 'ready' ? 'tcard' : 'tcard off'} aria-label={visibleText(facts.displayName)}>
      <Link to={to} className="tmain">
        <span className="thead">
          <OsTile os={facts.os} big />
          <span className="tname">
            <b>
              <Bdi>{facts.displayName}</Bdi>
            </b>
            <Bdi className="dim">{subtitle(facts)}</Bdi>
          </span>
        </span>
        {facts.description && (
          <Bdi className="tdesc" maxCharacters={DETAIL_CHARACTERS}>
            {facts.description}
          </Bdi>
        )}
      </Link>
      <TemplateSize facts={facts} />
      <footer>
        <TemplateReadiness facts={facts} />
        <span className="grow" />
        <Button
          size="small"
          render={<Link to={to} />}
          disabledReason={reason}
          aria-label={`Create a VM from ${visibleText(facts.displayName)}`}
        >
          Create
        </Button>
      </footer>
    </article>
  )
}

function TemplateSize({ facts: { cpus, memoryBytes, diskBytes } }: { facts: TemplateRow }) {
  const parts = [
    cpus !== undefined && <Quantity key="cpu" value={cpus} unit="vCPU" />,
    memoryBytes !== undefined && <Quantity key="memory" bytes={memoryBytes} />,
    diskBytes !== undefined && <DiskQuantity key="disk" bytes={diskBytes} />,
  ].filter((part) => part !== false)
  return (
    <div className="tspec">
      {parts.map((part, index) => [
        index > 0 && (
          <span key={`dot ${index}`} className="dot" aria-hidden="true">
            ·
          </span>
        ),
        part,
      ])}
    </div>
  )
}

function DiskQuantity({ bytes }: { bytes: number }) {
  const { value, unit } = formatBytes(bytes)
  return <Quantity value={value} unit={`${unit} disk`} />
}

function TemplateReadiness({ facts: { image, origin, progress } }: { facts: TemplateRow }) {
  if (image === 'ready') return <Bdi className="dim torigin">{originText(origin)}</Bdi>
  return image === 'importing' ? (
    <span className="badge transit">
      <Spinner />
      <b>Importing image</b>
      {progress !== undefined && <span className="mono dim">{Math.round(progress)}%</span>}
    </span>
  ) : (
    <span className="row c-error">
      <StateGlyph state="error" />
      Image missing
    </span>
  )
}
