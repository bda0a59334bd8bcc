// The plan of emptying a node: what blocks first, with a choice each; then what moves where; then the other nodes afterwards.
import type { VmRow } from '@virtdeck/kubevirt'
import { useFleet } from '../../api/fleet.ts'
import { Banner } from '../../ui/banner.tsx'
import { Bdi } from '../../ui/bdi.tsx'
import { Segmented } from '../../ui/segmented.tsx'
import { StateGlyph } from '../../ui/state-glyph.tsx'
import { countText, formatCount } from '../../util/format.ts'
import { DETAIL_CHARACTERS } from '../../util/visible-text.ts'
import { aboutText, drainSeconds, migrationPace } from './drain-estimate.ts'
import { MoveLine, OnTheirWay, Reason, VmLine } from './drain-lines.tsx'
import { budgetWarnings, type DrainPlan } from './drain-plan.ts'
import { AT_ONCE } from './drains.ts'
import type { DrainFacts } from './use-drain-facts.ts'

type DrainPlanViewProps = {
  plan: DrainPlan
  facts: DrainFacts
  vms: readonly VmRow[]
  allVisible: boolean
  /** Uids of the blocked VMs that are to be stopped. */
  stopping: ReadonlySet<string>
  onStopping: (stopping: ReadonlySet<string>) => void
}

export function DrainPlanView({ plan, facts, vms, allVisible, stopping, onStopping }: DrainPlanViewProps) {
  const { moves, moving, blocked, afterwards } = plan
  const warnings = budgetWarnings(blocked, stopping)
  return (
    <>
      <p className="sum">
        {moves.length + blocked.length + moving.length === 0 ? (
          'No VM runs here.'
        ) : (
          <>
            <b>{formatCount(moves.length)}</b> {moves.length === 1 ? 'VM moves' : 'VMs move'}
            {blocked.length > 0 && (
              <>
                , <b className="c-error">{formatCount(blocked.length)}</b> can’t
              </>
            )}
            . {AT_ONCE} at a time; their guests go on running. <Estimate plan={plan} vms={vms} />
          </>
        )}
      </p>
      {!allVisible && (
        <Banner tone="info" title="Other people’s VMs may run here, too." inline>
          You see those of your namespaces only.
        </Banner>
      )}
      {facts.vmis.status === 'error' && (
        <Banner tone="info" title="Whether they fit another node is not known." inline>
          Their node selectors could not be read: {facts.vmis.error.message}
        </Banner>
      )}
      {blocked.length > 0 && (
        <section className="grp" aria-label="Blocked">
          <h3>
            <StateGlyph state="error" className="c-error" />
            Blocked <span className="tn">{blocked.length}</span>
          </h3>
          <ul className="blk">
            {blocked.map(({ row, canStop, reason, detail }) => (
              <li key={row.uid}>
                <VmLine row={row} />
                <Reason reason={reason} detail={detail} />
                {warnings.has(row.uid) && (
                  <p className="c-warning">
                    <Bdi maxCharacters={DETAIL_CHARACTERS}>{warnings.get(row.uid) ?? ''}</Bdi>
                  </p>
                )}
                {canStop && (
                  <Segmented
                    label={row.name}
                    value={stopping.has(row.uid) ? 'stop' : 'leave'}
                    onValueChange={(choice) => {
                      const next = new Set(stopping)
                      if (choice === 'stop') next.add(row.uid)
                      else next.delete(row.uid)
                      onStopping(next)
                    }}
                    options={[
                      { value: 'leave', label: 'Leave running' },
                      { value: 'stop', label: 'Stop it' },
                    ]}
                  />
                )}
              </li>
            ))}
          </ul>
          {facts.budgets.status === 'error' && (
            <p className="dim">Whether a PodDisruptionBudget asks for them to stay could not be read: {facts.budgets.error.message}</p>
          )}
        </section>
      )}
      <OnTheirWay rows={moving} />
      {moves.length > 0 && (
        <section className="grp" aria-label="Move">
          <h3>
            <StateGlyph state="stopped" className="c-transit" />
            Move <span className="tn">{moves.length}</span>
          </h3>
          <ul className="mvs">
            {moves.map(({ row, target }) => (
              <MoveLine key={row.uid} row={row} target={target} />
            ))}
          </ul>
        </section>
      )}
      {afterwards.length > 0 && (
        <section className="grp" aria-label="Afterwards">
          <h3>Afterwards</h3>
          <div className="aft">
            {afterwards.map(({ node: name, nowPercent, afterPercent }) => (
              <Afterwards key={name} name={name} now={nowPercent} after={afterPercent} />
            ))}
          </div>
          <p className="dim">As far as memory tells: the scheduler has the last word.</p>
        </section>
      )}
    </>
  )
}

/** The cluster's migrations of late tell how long its next ones take; without them nothing is said. */
function Estimate({ plan: { moves }, vms }: Pick<DrainPlanViewProps, 'plan' | 'vms'>) {
  const { rows } = useFleet('virtualmachineinstancemigrations', 1_000)
  const pace = migrationPace(rows, vms)
  const seconds =
    pace &&
    drainSeconds(
      moves.map(({ row }) => row),
      pace,
      AT_ONCE,
    )
  if (!pace || !seconds) return null
  return (
    <span className="dim">
      That takes {aboutText(seconds)}, as the last {pace.from === 1 ? 'migration' : countText(pace.from, 'migration')} went.
    </span>
  )
}

function Afterwards({ name, now, after }: { name: string; now: number; after: number }) {
  const style = { '--v': `${Math.min(now, 100)}%`, '--a': `${Math.max(0, Math.min(after, 100) - now)}%` } as React.CSSProperties
  return (
    <>
      <span className="mono">{name}</span>
      <span className="meter wide two" style={style} role="img" aria-label={`Memory ${now}% now, ${after}% afterwards`} />
      <span className="mono dim">{after}%</span>
    </>
  )
}
