import type { VirtualMachine } from '@virtdeck/k8s'
import { useNow } from '../../api/now.ts'
import type { Action } from '../../components/action.ts'
import { Button } from '../../ui/button.tsx'
import { KeyValue } from '../../ui/facts.tsx'
import { Panel } from '../../ui/panel.tsx'
import { formatDate, formatElapsed, formatFullDate, formatTime } from '../../util/format.ts'
import { restoreChanges } from './restore-changes.ts'
import type { SnapshotEntry } from './snapshot-entries.ts'
import { SnapshotState } from './snapshot-table.tsx'
import { Bdi } from '../../ui/bdi.tsx'
import { DETAIL_CHARACTERS } from '../../util/visible-text.ts'

type SnapshotPanelProps = {
  entry: SnapshotEntry
  spec: VirtualMachine['spec']
  snapshotSpec: VirtualMachine['spec'] | undefined
  actions: readonly Action[]
}

/** The chosen snapshot, and what going back to it would mean. */
export function SnapshotPanel({ entry, spec, snapshotSpec, actions }: SnapshotPanelProps) {
  const now = useNow(5000)
  const { name, takenAt, tookSeconds, disks, leftOut, restoredAt, message, warning } = entry
  const changes = restoreChanges(spec, snapshotSpec, entry, now / 1000)
  return (
    <aside className="stack" aria-label="Selected snapshot">
      <Panel title={name} actions={<SnapshotState entry={entry} />}>
        <KeyValue
          facts={[
            {
              label: 'Taken',
              value: (
                <span title={formatFullDate(takenAt * 1000)}>
                  {formatDate(takenAt * 1000, now).replace(/, \d\d:\d\d$/, '')} <span className="dim">{formatTime(takenAt * 1000)}</span>
                </span>
              ),
            },
            { label: 'Took', value: tookSeconds !== undefined && <span className="mono">{formatElapsed(tookSeconds)}</span> },
            { label: 'Disks', value: disks.join(', ') },
            { label: 'Left out', value: leftOut.join(', ') },
            { label: 'Restored', value: restoredAt !== undefined && formatDate(restoredAt * 1000, now) },
            ...(message
              ? [
                  {
                    label: 'Reason',
                    value: (
                      <Bdi className="mono" maxCharacters={DETAIL_CHARACTERS}>
                        {message}
                      </Bdi>
                    ),
                  },
                ]
              : []),
            ...(warning ? [{ label: 'Consistency', value: <span className="c-warning">{warning}</span> }] : []),
          ]}
        />
        <div className="pad vb">
          {actions.map((action) => (
            <Button
              key={action.id}
              className={action.danger ? 'dangerlite' : undefined}
              icon={action.icon}
              disabledReason={action.disabled}
              onClick={() => void action.run()}
            >
              {action.label}
            </Button>
          ))}
        </div>
      </Panel>
      {entry.state === 'ready' && (
        <Panel title="What restoring changes">
          <ul className="diff">
            {changes.map((change) => (
              <li key={change.what}>
                <span className="dim">{change.what}</span>
                {change.now === undefined ? (
                  <span>{change.after}</span>
                ) : (
                  <span className="mono">
                    <s>{change.now}</s> → {change.after}
                  </span>
                )}
              </li>
            ))}
            {changes.length === 0 && <li className="dim">Nothing that can be seen here.</li>}
          </ul>
          {!snapshotSpec && (
            <p className="pad hint">The settings it keeps cannot be read with your rights, so only its disks are compared.</p>
          )}
        </Panel>
      )}
    </aside>
  )
}
