import { useNow } from '../../api/now.ts'
import { Elapsed } from '../../ui/elapsed.tsx'
import { IconMark } from '../../ui/icon.tsx'
import { CheckIcon } from '../../ui/icons.ts'
import { Panel } from '../../ui/panel.tsx'
import { Progress } from '../../ui/progress.tsx'
import { StateGlyph } from '../../ui/state-glyph.tsx'
import { provisioningSteps, volumeProgress, type ProvisioningStep, type VolumeProgress } from './provisioning-steps.ts'
import type { VmObjects } from '../../components/vm/use-vm.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { DETAIL_CHARACTERS } from '../../util/visible-text.ts'

/** Stands at the top while the VM comes up, and goes when it has. */
export function ProvisioningPanel({ objects: { row, vmi, dataVolumes } }: { objects: VmObjects }) {
  const nowSeconds = useNow(5000) / 1000
  const steps = provisioningSteps({ row, vmi, dataVolumes, nowSeconds })
  if (!steps) return null
  const volumes = dataVolumes.map(volumeProgress).filter((volume) => volume.state !== 'done')
  return (
    <Panel title="Coming up">
      <ol className="upsteps">
        {steps.map((step) => (
          <Step key={step.id} step={step}>
            {step.id === 'volumes' && volumes.length > 0 ? volumes.map((volume) => <Volume key={volume.name} volume={volume} />) : null}
          </Step>
        ))}
      </ol>
    </Panel>
  )
}

const glyphs = { now: 'transit', todo: 'unknown', failed: 'error' } as const

function Step({ step, children }: { step: ProvisioningStep; children: React.ReactNode }) {
  const { state, label, detail, since } = step
  return (
    <li className={state} aria-current={state === 'now' || state === 'failed' ? 'step' : undefined}>
      {state === 'done' ? (
        <IconMark icon={CheckIcon} className="c-running" />
      ) : (
        <StateGlyph state={glyphs[state]} className={`c-${glyphs[state]}`} />
      )}
      <div>
        <p>
          {label} {detail && !children && <Bdi className="mono dim">{detail}</Bdi>}
        </p>
        {children}
      </div>
      {state === 'now' && since !== undefined && <Elapsed since={since} className="mono dim" />}
    </li>
  )
}

function Volume({ volume: { name, phase, percent, message } }: { volume: VolumeProgress }) {
  return (
    <div className="row wrap upvol">
      <Bdi className="mono hi">{name}</Bdi>
      <Bdi className="dim">{phase}</Bdi>
      {!message && <Progress value={percent} label={`${name}: ${phase}`} />}
      {percent !== undefined && <span className="mono hi">{Math.round(percent)}%</span>}
      {message && (
        <Bdi className="mono c-error" maxCharacters={DETAIL_CHARACTERS}>
          {message}
        </Bdi>
      )}
    </div>
  )
}
