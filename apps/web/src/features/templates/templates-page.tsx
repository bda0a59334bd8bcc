// Where self-service begins: pick a system, press Create.
import type { TemplateRow } from '@virtdeck/kubevirt'
import type { Status } from '@virtdeck/k8s'
import { Suspense, lazy, useRef } from 'react'
import type { ReactNode } from 'react'
import { useSearchParams } from 'react-router'
import { useFleet, type FleetState } from '../../api/fleet.ts'
import { SCAN_EVERY_MS } from '../../components/fleet/use-scan.ts'
import { useShortcut } from '../../stores/shortcuts.ts'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { IconMark } from '../../ui/icon.tsx'
import { LockIcon, SearchIcon, TemplateIcon } from '../../ui/icons.ts'
import { Segmented } from '../../ui/segmented.tsx'
import { SkeletonLines } from '../../ui/skeleton.tsx'
import { formatCount } from '../../util/format.ts'
import { galleryCounts, gallerySections, readGalleryQuery, writeGalleryQuery, type GalleryQuery } from './gallery.ts'
import { TemplateCard } from './template-card.tsx'
import { useCreateAccess } from '../../components/vm/use-create-access.ts'
import './templates-feature.css'

/** Cards to choose by, or a table to search by. */
export function TemplatesPage() {
  const [parameters, setParameters] = useSearchParams()
  const fleet = useFleet('vmtemplates', SCAN_EVERY_MS)
  const view = parameters.get('view') === 'table' ? 'table' : 'cards'
  const views = (
    <Segmented
      label="View"
      value={view}
      onValueChange={(next) => setParameters(next === 'table' ? { view: 'table' } : {}, { replace: true })}
      options={[
        { value: 'cards', label: 'Cards' },
        { value: 'table', label: 'Table' },
      ]}
    />
  )
  if (view === 'cards') return <TemplatesGallery fleet={fleet} views={views} />
  return (
    <Suspense fallback={<TemplatesGallery fleet={loading} views={views} />}>
      <TemplatesTable fleet={fleet} views={views} empty={noTemplates} />
    </Suspense>
  )
}

const loading: FleetState<TemplateRow> = { status: 'loading', rows: [], version: 0 }

const TemplatesTable = lazy(() => import('./templates-table.tsx'))

const noTemplates = {
  title: 'No templates yet',
  body: 'A template is a VmTemplate object: whoever runs the cluster adds them, and they appear here at once.',
}

function TemplatesGallery({ fleet, views }: { fleet: FleetState<TemplateRow>; views: ReactNode }) {
  const { rows: templates, status, access } = fleet
  const error = access?.scope === 'forbidden' ? access.status : fleet.error
  const [parameters, setParameters] = useSearchParams()
  const query = readGalleryQuery(parameters)
  const { disabledReason } = useCreateAccess()
  const input = useRef<HTMLInputElement>(null)
  useShortcut('/', { label: 'Search this list', group: 'List', run: () => input.current?.focus() })

  const change = (next: Partial<GalleryQuery>) =>
    setParameters(writeGalleryQuery({ ...query, ...next }), { replace: true, preventScrollReset: true })
  const counts = galleryCounts(templates, query.text)

  return (
    <>
      <title>Templates · virtdeck</title>
      <div className="pagehead galleryhead">
        <h1>
          Templates
          {templates.length > 0 && <span className="count">{formatCount(templates.length)}</span>}
        </h1>
        <label className="query tquery">
          <IconMark icon={SearchIcon} />
          <input
            ref={input}
            type="search"
            aria-label="Search templates"
            placeholder="Ubuntu, windows, database"
            value={query.text}
            onChange={({ target }) => change({ text: target.value })}
          />
          <kbd className="desk" aria-hidden="true">
            /
          </kbd>
        </label>
        <span className="grow" />
        {views}
      </div>
      <div className="facets" role="group" aria-label="Filter">
        <Facet label="All" count={counts.all} pressed={!query.family} onPress={() => change({ family: undefined })} />
        {counts.families
          .filter(({ family, count }) => count > 0 || family !== 'other')
          .map(({ family, title, count }) => (
            <Facet
              key={family}
              label={title}
              count={count}
              pressed={query.family === family}
              onPress={() => change({ family: query.family === family ? undefined : family })}
            />
          ))}
        <span className="sep" />
        <Facet label="Ready" count={counts.ready} pressed={query.readyOnly} onPress={() => change({ readyOnly: !query.readyOnly })} />
      </div>
      {error && templates.length === 0 ? (
        <div className="centre">
          <Unreadable error={error} />
        </div>
      ) : status === 'loading' ? (
        <div className="gallery">
          <SkeletonLines label="Loading the templates" />
        </div>
      ) : (
        <Gallery templates={templates} query={query} disabledReason={disabledReason} onClear={() => setParameters({}, { replace: true })} />
      )}
    </>
  )
}

type FacetProps = { label: string; count: number; pressed: boolean; onPress: () => void }

function Facet({ label, count, pressed, onPress }: FacetProps) {
  return (
    <button type="button" className="facet" aria-pressed={pressed} onClick={onPress}>
      {label} <em>{formatCount(count)}</em>
    </button>
  )
}

type GalleryProps = { templates: readonly TemplateRow[]; query: GalleryQuery; disabledReason?: string; onClear: () => void }

function Gallery({ templates, query, disabledReason, onClear }: GalleryProps) {
  const sections = gallerySections(templates, query)
  if (templates.length === 0)
    return (
      <div className="centre">
        <EmptyState icon={TemplateIcon} {...noTemplates} />
      </div>
    )
  if (sections.length === 0)
    return (
      <div className="centre">
        <EmptyState
          icon={SearchIcon}
          title="No template matches"
          body={
            templates.length === 1
              ? 'The only template is another one.'
              : `None of ${formatCount(templates.length)} templates fits all of the search.`
          }
          action={<Button onClick={onClear}>Clear the search</Button>}
        />
      </div>
    )
  return (
    <div className="gallery">
      {sections.map(({ family, title, templates: shown }) => (
        <section key={family} aria-labelledby={`templates-${family}`}>
          <h2 id={`templates-${family}`}>
            {title} <span className="dim">{formatCount(shown.length)}</span>
          </h2>
          <div className="tgrid">
            {shown.map((facts) => (
              <TemplateCard key={facts.name} facts={facts} disabledReason={disabledReason} />
            ))}
          </div>
        </section>
      ))}
    </div>
  )
}

function Unreadable({ error }: { error: Status }) {
  if (error.code === 404)
    return (
      <EmptyState
        icon={TemplateIcon}
        title="Templates are not available here"
        body="This cluster has no VmTemplate resource. VMs can still be created with kubectl."
      />
    )
  return (
    <EmptyState
      {...(error.code === 403
        ? { icon: LockIcon, title: 'You may not see the templates' }
        : { tone: 'error', title: 'The templates could not be read' })}
      body={error.message}
    />
  )
}
