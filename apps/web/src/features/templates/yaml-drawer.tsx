import type { VmTemplate } from '@virtdeck/k8s'
import { vmFromTemplate, type TemplateValues } from '@virtdeck/kubevirt'
import { stringify } from 'yaml'
import { IconButton } from '../../ui/button.tsx'
import { CommandLine } from '../../ui/code-block.tsx'
import { CopyButton } from '../../ui/copy-button.tsx'
import { Drawer } from '../../ui/dialog.tsx'
import { CloseIcon } from '../../ui/icons.ts'
import { useMediaQuery } from '../../util/use-media-query.ts'
import { changeCount, yamlLines, type YamlLine } from './yaml-lines.ts'
import { DETAIL_CHARACTERS, visibleText } from '../../util/visible-text.ts'

type YamlDrawerProps = {
  template: VmTemplate
  values: TemplateValues
  /** The form as it was before anybody touched it: what differs is marked. */
  initial: TemplateValues
  onClose: () => void
}

/** The object that the form makes, as it is being made. Beside the form where there is room, else over it. */
export default function YamlDrawer({ template, values, initial, onClose }: YamlDrawerProps) {
  const wide = useMediaQuery('(min-width: 1181px)')
  const { vm, secret } = vmFromTemplate(template, values)
  const text = toYaml(vm)
  const lines = yamlLines(text, toYaml(vmFromTemplate(template, initial).vm))
  const changes = changeCount(lines)
  const note = secret && (
    <p className="drawer-note">
      The login is not in here: it goes into the Secret <span className="mono">{secret.metadata.name}</span>, which is created with the VM
      and goes with it.
    </p>
  )
  const body = (
    <>
      {note}
      <YamlCode lines={lines} label={`YAML of ${values.name || 'the VM'}`} />
    </>
  )
  const footer = (
    <>
      <CommandLine command="kubectl create -f -" />
      <span className="grow" />
      <CopyButton text={text} label="Copy YAML" />
    </>
  )
  if (!wide)
    return (
      <Drawer title="YAML" onClose={onClose} footer={footer}>
        {body}
      </Drawer>
    )
  return (
    <aside className="drawer" aria-label="YAML">
      <header>
        <h2>YAML</h2>
        <span className="chip">{changes === 1 ? '1 change' : `${changes} changes`}</span>
        <span className="grow" />
        <IconButton label="Close" icon={CloseIcon} onClick={onClose} />
      </header>
      {body}
      <footer>{footer}</footer>
    </aside>
  )
}

function toYaml(object: unknown): string {
  return stringify(object, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false })
}

const classes = { key: 'k', punctuation: 'p', number: 'n', text: undefined }

function YamlCode({ lines, label }: { lines: readonly YamlLine[]; label: string }) {
  return (
    <pre className="code" role="region" aria-label={label} tabIndex={0} data-keys="off">
      {lines.map((line, index) => (
        <span key={index} className={line.changed ? 'ln chg' : 'ln'}>
          <i aria-hidden="true">{index + 1}</i>
          {line.parts.map((part, at) => (
            <span key={at} className={classes[part.kind]}>
              {visibleText(part.text, DETAIL_CHARACTERS)}
            </span>
          ))}
          {'\n'}
        </span>
      ))}
    </pre>
  )
}
