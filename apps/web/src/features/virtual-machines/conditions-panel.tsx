import type { Condition } from '@virtdeck/k8s'
import { explainCondition } from '@virtdeck/kubevirt'
import { Elapsed } from '../../ui/elapsed.tsx'
import { Panel } from '../../ui/panel.tsx'
import { StateGlyph, type State } from '../../ui/state-glyph.tsx'
import type { VmObjects } from '../../components/vm/use-vm.ts'
import { conditionTone, vmConditions } from './vm-conditions.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { DETAIL_CHARACTERS } from '../../util/visible-text.ts'

const tones: Record<ReturnType<typeof conditionTone>, State> = {
  good: 'running',
  bad: 'error',
  notice: 'warning',
  neutral: 'stopped',
  unknown: 'unknown',
}

/** KubeVirt's conditions: what each means, and its own words beneath, untouched. */
export function ConditionsPanel({ objects: { vm, vmi } }: { objects: VmObjects }) {
  const conditions = vmConditions(vm, vmi)
  if (conditions.length === 0) return null
  return (
    <Panel title="Conditions">
      <ul className="conds">
        {conditions.map((condition) => (
          <ConditionLine key={condition.type} condition={condition} />
        ))}
      </ul>
    </Panel>
  )
}

function ConditionLine({ condition }: { condition: Condition }) {
  const { type, status, reason, message, lastTransitionTime } = condition
  const state = tones[conditionTone(condition)]
  return (
    <li>
      <StateGlyph state={state} className={`c-${state}`} />
      <div>
        <p>
          <Bdi>{explainCondition(condition)}</Bdi>
        </p>
        <p className="mono own">
          <Bdi maxCharacters={DETAIL_CHARACTERS}>{[`${type}=${status}`, reason, message].filter(Boolean).join(' · ')}</Bdi>
        </p>
      </div>
      {lastTransitionTime && <Elapsed since={Date.parse(lastTransitionTime) / 1000} className="mono dim" />}
    </li>
  )
}
