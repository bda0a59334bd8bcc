// "Why can't I migrate?": everything that stands in the way, not only what KubeVirt happened to find first.
import { resources, type VirtualMachineInstance } from '@virtdeck/k8s'
import { vmCan, type VmRow } from '@virtdeck/kubevirt'
import { useWatchMany } from '../../api/watch-many.ts'
import { StateGlyph } from '../../ui/state-glyph.tsx'
import { migrationBlockers } from './migration-blockers.ts'
import { claimNames } from '../../components/vm/vm-volumes.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { DETAIL_CHARACTERS } from '../../util/visible-text.ts'

export function MigrationBlockers({ row, vmi }: { row: VmRow; vmi: VirtualMachineInstance | undefined }) {
  const claims = useWatchMany(
    resources.persistentVolumeClaims,
    claimNames(undefined, vmi).map((name) => ({ namespace: row.namespace, fieldSelector: `metadata.name=${name}` })),
  ).items
  const possible = vmCan.migrate(row)
  const blockers = vmi ? migrationBlockers(vmi, claims) : []
  return (
    <section className="panel diag" aria-label="Why it cannot migrate">
      <div className="say">
        <StateGlyph state="warning" />
        <h2>This VM can’t live-migrate now.</h2>
        {!possible.possible && <p>{possible.reason}</p>}
      </div>
      {blockers.length > 0 && (
        <ul className="chain">
          {blockers.map((blocker) => (
            <li key={`${blocker.what} ${blocker.because}`}>
              <StateGlyph state="warning" className="c-warning" />
              <Bdi>{blocker.what}</Bdi>
              <Bdi className="mono" title={blocker.because} maxCharacters={DETAIL_CHARACTERS}>
                {blocker.because}
              </Bdi>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
