import { resources, type KubeObject } from '@virtdeck/k8s'
import { useState } from 'react'
import { stringify } from 'yaml'
import { useWatchObject } from '../../api/watch.ts'
import { YamlView } from '../../components/yaml-view.tsx'
import { Banner } from '../../ui/banner.tsx'
import { Button } from '../../ui/button.tsx'
import { OptionRow, Switch } from '../../ui/checkbox.tsx'
import { CopyButton } from '../../ui/copy-button.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { DownloadIcon } from '../../ui/icons.ts'
import { Segmented } from '../../ui/segmented.tsx'
import { SkeletonLines } from '../../ui/skeleton.tsx'
import { download } from '../../util/download.ts'
import { useVmRef } from '../../components/vm/use-vm.ts'

/** The objects as the API server has them, live. */
export function VmYamlTab() {
  const ref = useVmRef()
  const vm = useWatchObject(resources.virtualMachines, ref)
  const vmi = useWatchObject(resources.virtualMachineInstances, ref)
  const [chosen, setChosen] = useState<'vm' | 'vmi'>()
  const [managedFields, setManagedFields] = useState(false)
  const kind = chosen ?? (vm.status === 'missing' ? 'vmi' : 'vm')
  const watched = kind === 'vm' ? vm : vmi
  const text = watched.object && objectYaml(watched.object, { managedFields })

  return (
    <div className="yamltab">
      <div className="yamlbar">
        <Segmented
          label="Object"
          value={kind}
          onValueChange={setChosen}
          options={[
            { value: 'vm', label: 'VirtualMachine' },
            { value: 'vmi', label: 'VirtualMachineInstance' },
          ]}
        />
        <OptionRow control={<Switch checked={managedFields} onCheckedChange={setManagedFields} />} label="managedFields" />
        <span className="grow" />
        {text !== undefined && (
          <>
            <CopyButton text={text} label="Copy YAML" />
            <Button
              size="small"
              icon={DownloadIcon}
              onClick={() => download(new Blob([text], { type: 'application/yaml' }), `${ref.name}-${kind}.yaml`)}
            >
              Download
            </Button>
          </>
        )}
      </div>
      {watched.error && (
        <Banner tone="error" title="This cannot be read live.">
          {watched.error.message}
        </Banner>
      )}
      {text === undefined ? (
        <NoYaml kind={kind} status={watched.status} />
      ) : (
        <YamlView value={text} label={`YAML of ${kind === 'vm' ? 'VirtualMachine' : 'VirtualMachineInstance'} ${ref.name}`} />
      )}
    </div>
  )
}

function NoYaml({ kind, status }: { kind: 'vm' | 'vmi'; status: string }) {
  if (status === 'loading') return <SkeletonLines label="Loading the object" />
  if (status === 'error') return null
  return kind === 'vmi' ? (
    <EmptyState title="There is no VirtualMachineInstance" body="It exists while the VM runs, and comes with the next start." />
  ) : (
    <EmptyState
      title="There is no VirtualMachine"
      body="This VirtualMachineInstance was created by itself, or by something other than a VirtualMachine."
    />
  )
}

/** No object that means something is as deep; writing one that is would overflow the stack. */
const deepest = 200

function isDeeperThan(levels: number, value: unknown): boolean {
  let level = [value]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > levels) return true
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []))
  }
  return false
}

/** Field order as `kubectl get -o yaml` has it. Says so of what is too deep to be written. */
export function objectYaml(object: object, { managedFields }: { managedFields: boolean }): string {
  const { apiVersion, kind, metadata, spec, status, ...rest } = object as KubeObject
  const { managedFields: managed, ...meta } = metadata
  if (isDeeperThan(deepest, object)) return `# This object is nested more than ${deepest} levels deep: too deep to be shown.\n`
  const ordered = { apiVersion, kind, metadata: managedFields ? { ...meta, managedFields: managed } : meta, ...rest, spec, status }
  // kubectl reads YAML 1.1, where a plain `no` is false and `0777` a number.
  return stringify(ordered, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false, keepUndefined: false })
}
