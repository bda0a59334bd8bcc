import { useRef, useState } from 'react'
import { Button, IconButton } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field } from '../../ui/field.tsx'
import { TrashIcon } from '../../ui/icons.ts'
import { Select } from '../../ui/select.tsx'
import { TextInput } from '../../ui/text-input.tsx'
import { visibleText } from '../../util/visible-text.ts'
import type { FleetKind, FleetRow } from './fleet-kind.ts'
import { arranged, changeViews, nameProblem } from './saved-views.ts'
import type { NameChange, SavedView } from './saved-views.ts'

const formId = 'manage-views'
/** Opens the list as it is by itself; no view is called that. */
const USUAL = ''

type ManageViewsProps = { kind: Pick<FleetKind<FleetRow>, 'id' | 'title' | 'many'>; views: readonly SavedView[]; onClose: () => void }

/** Renames and drops views, and says which one the list opens with. Nothing is changed until it is saved. */
export function ManageViews({ kind, views, onClose }: ManageViewsProps) {
  const [renamed, setRenamed] = useState<ReadonlyMap<string, string>>(new Map())
  const [removed, setRemoved] = useState<ReadonlySet<string>>(new Set())
  // Of the views as they are now: another tab may keep one meanwhile.
  const changes = views
    .filter(({ name }) => !removed.has(name))
    .map(({ name }): NameChange => ({ was: name, name: renamed.get(name) ?? name }))
  const [opening, setOpening] = useState(views.find(({ opens }) => opens)?.name ?? USUAL)
  const first = useRef<HTMLInputElement>(null)
  const problems = changes.map((change) => nameProblem(changes, change))

  return (
    <Dialog
      title={`Views of ${kind.title.toLowerCase()}`}
      onClose={onClose}
      initialFocus={first}
      footer={
        <>
          <span className="grow" />
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={formId} variant="primary" disabledReason={problems.find((problem) => problem !== undefined)}>
            Save
          </Button>
        </>
      }
    >
      <form
        id={formId}
        className="manageviews"
        onSubmit={(event) => {
          event.preventDefault()
          if (problems.some((problem) => problem !== undefined)) return
          changeViews(kind.id, (known) => arranged(known, changes, opening || undefined))
          onClose()
        }}
      >
        {changes.length === 0 && <p className="dim">All of them go when you save.</p>}
        {changes.map((change, index) => (
          <div key={change.was} className="manageview">
            <Field label={`Name of ${visibleText(change.was)}`} error={problems[index]}>
              <TextInput
                ref={index === 0 ? first : undefined}
                maxLength={60}
                autoComplete="off"
                value={change.name}
                onChange={({ target }) => setRenamed(new Map([...renamed, [change.was, target.value]]))}
              />
            </Field>
            <IconButton
              label={`Remove ${visibleText(change.was)}`}
              icon={TrashIcon}
              onClick={() => {
                setRemoved(new Set([...removed, change.was]))
                if (opening === change.was) setOpening(USUAL)
              }}
            />
          </div>
        ))}
        <Field label="The list opens with">
          <Select
            value={opening}
            onValueChange={setOpening}
            placeholder={`All ${kind.many}`}
            options={changes.map(({ was, name }) => ({ value: was, label: visibleText(name) }))}
          />
        </Field>
      </form>
    </Dialog>
  )
}
