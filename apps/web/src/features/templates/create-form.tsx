// One page, few questions. The summary never leaves the screen, and the YAML follows every answer.
import { zodResolver } from '@hookform/resolvers/zod'
import { resources, toStatus, type VmTemplate } from '@virtdeck/k8s'
import { nameProblem, resourceAccess, vmFromTemplate, type TemplateFacts } from '@virtdeck/kubevirt'
import { Suspense, lazy, useRef, useState } from 'react'
import { Controller, useForm, useWatch } from 'react-hook-form'
import { Link, useLocation, useNavigate, useSearchParams } from 'react-router'
import { useAccess, whyDenied } from '../../api/access.ts'
import { keptDraft, useDraft } from '../../api/drafts.ts'
import { k8s } from '../../api/client.ts'
import { useDryRun } from '../../api/dry-run.ts'
import { fleets, useFleetStatus } from '../../api/fleet.ts'
import { paths } from '../../paths.ts'
import { useShortcut } from '../../stores/shortcuts.ts'
import { toast } from '../../stores/toasts.ts'
import { Banner } from '../../ui/banner.tsx'
import { Button } from '../../ui/button.tsx'
import { OptionRow, Switch } from '../../ui/checkbox.tsx'
import { Field } from '../../ui/field.tsx'
import { YamlIcon } from '../../ui/icons.ts'
import { Keys } from '../../ui/kbd.tsx'
import { NumberInput } from '../../ui/number-input.tsx'
import { OsTile } from '../../ui/os-tile.tsx'
import { RadioCards } from '../../ui/radio-cards.tsx'
import { Select } from '../../ui/select.tsx'
import { TextArea, TextInput } from '../../ui/text-input.tsx'
import { CreateSummary } from './create-summary.tsx'
import { createSchema, initialValues, sameSize, sizesFor, templateValues, type CreateValues, type LoginKind } from './create-values.ts'
import { createVm } from './create-vm.ts'
import { diskText, originText } from './disk-text.ts'
import { PasswordInput } from './password-input.tsx'
import { tellRefusal } from './tell-refusal.ts'
import type { CreateAccess } from '../../components/vm/use-create-access.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { isStillAt } from '../../util/still-at.ts'
import { visibleText } from '../../util/visible-text.ts'

const YamlDrawer = lazy(() => import('./yaml-drawer.tsx'))

type CreateFormProps = { template: VmTemplate; facts: TemplateFacts; access: CreateAccess }

const createSecret = resourceAccess('create', resources.secrets)

export function CreateForm({ template, facts, access }: CreateFormProps) {
  const navigate = useNavigate()
  const location = useLocation()
  const [parameters, setParameters] = useSearchParams()
  const yamlOpen = parameters.has('yaml')
  const toggleYaml = () => setParameters(yamlOpen ? {} : { yaml: '' }, { replace: true })
  // Names are checked against the fleet: it has to be there.
  useFleetStatus('virtualmachines')

  const draftKey = `create ${facts.name}`
  const [initial] = useState(() => keptDraft<CreateValues>(draftKey) ?? initialValues(facts, firstNamespace(access)))
  const [schema] = useState(() => createSchema(facts, nameTaken))
  const form = useForm<CreateValues>({ defaultValues: initial, mode: 'onTouched', resolver: zodResolver(schema) })
  const { control, register, setValue, setError, formState } = form
  const { errors, isSubmitting } = formState
  const values: CreateValues = { ...initial, ...useWatch({ control }) }
  const mayKeepSecrets = useAccess(values.namespace || undefined)(createSecret)
  const [tried, setTried] = useState<CreateValues>()
  const dryRun = useDryRun(
    resources.virtualMachines,
    tried && sameAnswers(tried, values) ? vmFromTemplate(template, templateValues(tried)).vm : undefined,
  )
  useDraft(draftKey, () => form.getValues())
  const formElement = useRef<HTMLFormElement>(null)

  const namespaceDenied = access.namespaces.find(({ name }) => name === values.namespace)?.allowed === false
  const secretDenied = values.login !== 'none' && mayKeepSecrets.allowed === false
  const blocked =
    access.disabledReason ??
    (namespaceDenied ? whyDenied({ ...resourceAccess('create', resources.virtualMachines), namespace: values.namespace }) : undefined) ??
    (secretDenied ? `${mayKeepSecrets.reason} The login is kept in a Secret.` : undefined)

  const submit = form.handleSubmit(async (answers) => {
    if (blocked) return
    const id = `create ${answers.namespace}/${answers.name}`
    try {
      const { orphan } = await createVm(k8s, template, templateValues(answers))
      if (orphan)
        toast.failed(`${id} secret`, `Secret ${orphan.secretName} will stay when ${answers.name} is deleted`, orphan.status.message)
    } catch (error) {
      return tellRefusal(toStatus(error), answers, isStillAt(location, []) ? setError : undefined)
    }
    toast.done(id, `Created ${answers.name}`)
    if (isStillAt(location, [])) void navigate(paths.virtualMachine(answers))
  })
  useShortcut('Ctrl Enter', { label: 'Create the VM', group: 'Virtual machine', run: () => formElement.current?.requestSubmit() })

  /** Once an answer is given and all are good, the cluster is asked what it thinks of them. */
  async function tryOut() {
    const answers = form.getValues()
    if (!blocked && (await schema.safeParseAsync(answers)).success) setTried(answers)
  }

  const error = (field: keyof CreateValues) => errors[field]?.message
  const nameGood = values.name !== '' && !error('name') && !nameProblem(values.name) && !nameTaken(values.namespace, values.name)
  const sizes = sizesFor(facts)
  const picked = sizes.find((size) => sameSize(values, size))?.name

  return (
    <form
      ref={formElement}
      className={yamlOpen ? 'cwrap' : 'cwrap noyaml'}
      aria-label="Create VM"
      noValidate
      onSubmit={(event) => void submit(event)}
      onBlur={() => void tryOut()}
    >
      <title>{`Create VM from ${visibleText(facts.displayName)} · virtdeck`}</title>
      <div className="cform">
        <div className="cinner">
          <div className="ctitle">
            <OsTile os={facts.os} big />
            <div>
              <h1>Create VM</h1>
              <p className="dim">
                From{' '}
                <b>
                  <Bdi>{facts.displayName}</Bdi>
                </b>{' '}
                <span className="nowrap">
                  ·{' '}
                  <Link className="lnk" to={paths.templates()}>
                    Change template
                  </Link>
                </span>
              </p>
            </div>
            <Button icon={YamlIcon} aria-expanded={yamlOpen} onClick={toggleYaml}>
              YAML
            </Button>
          </div>

          <section className="fs" aria-labelledby="create-vm">
            <header>
              <h2 id="create-vm">VM</h2>
            </header>
            <div className="fgrid">
              <Field
                label="Name"
                error={error('name')}
                ok={nameGood ? `Free in ${values.namespace}, and as a host name` : undefined}
                hint="Small letters, digits and hyphens"
              >
                <TextInput mono autoFocus {...register('name', { setValueAs: (text: string) => text.trim() })} />
              </Field>
              <Field label="Namespace" error={error('namespace')}>
                <Controller
                  control={control}
                  name="namespace"
                  render={({ field }) =>
                    access.namespaces.length === 0 ? (
                      <TextInput mono {...field} />
                    ) : (
                      <Select
                        {...field}
                        onValueChange={field.onChange}
                        options={access.namespaces.map(({ name, allowed }) => ({
                          value: name,
                          label: allowed ? name : `${name} (you may not create here)`,
                          disabled: !allowed,
                        }))}
                      />
                    )
                  }
                />
              </Field>
            </div>
          </section>

          <section className="fs" aria-labelledby="create-size">
            <header>
              <h2 id="create-size">Size</h2>
            </header>
            <RadioCards
              label="Size"
              value={picked}
              onValueChange={(name) => {
                const size = sizes.find((item) => item.name === name)
                setValue('cpus', size?.cpus, { shouldValidate: true, shouldTouch: true })
                setValue('memoryGib', size?.memoryGib, { shouldValidate: true, shouldTouch: true })
              }}
              options={sizes.map((size) => ({
                value: size.name,
                label: size.name,
                hint: <span className="mono">{`${size.cpus} vCPU · ${size.memoryGib} GiB`}</span>,
              }))}
            />
            <div className="fgrid">
              <Field label="CPU" error={error('cpus')}>
                <Controller
                  control={control}
                  name="cpus"
                  render={({ field: { onChange, ...field } }) => (
                    <NumberInput {...field} onValueChange={onChange} unit="vCPU" min={1} step={1} />
                  )}
                />
              </Field>
              <Field label="Memory" error={error('memoryGib')}>
                <Controller
                  control={control}
                  name="memoryGib"
                  render={({ field: { onChange, ...field } }) => (
                    <NumberInput {...field} onValueChange={onChange} unit="GiB" min={0} step="any" />
                  )}
                />
              </Field>
            </div>
          </section>

          <section className="fs" aria-labelledby="create-disk">
            <header>
              <h2 id="create-disk">Disk</h2>
            </header>
            {facts.diskBytes === undefined ? (
              <p className="optional-note">
                <Bdi>{diskText(facts)}</Bdi>
              </p>
            ) : (
              <div className="fgrid">
                <Field label="Disk size" error={error('diskGib')} hint={<Bdi>{originText(facts.origin)}</Bdi>}>
                  <Controller
                    control={control}
                    name="diskGib"
                    render={({ field: { onChange, ...field } }) => (
                      <NumberInput {...field} onValueChange={onChange} unit="GiB" min={0} step="any" />
                    )}
                  />
                </Field>
              </div>
            )}
            {facts.moreDisks > 0 && (
              <p className="optional-note">
                {facts.moreDisks === 1 ? 'One more disk comes' : `${facts.moreDisks} more disks come`} as the template has it.
              </p>
            )}
          </section>

          <section className="fs" aria-labelledby="create-access">
            <header>
              <h2 id="create-access">Access</h2>
            </header>
            {facts.login ? (
              <>
                <Controller
                  control={control}
                  name="login"
                  render={({ field }) => (
                    <RadioCards<LoginKind>
                      label="How to log in"
                      className="picks three"
                      value={field.value}
                      onValueChange={field.onChange}
                      options={[
                        {
                          value: 'password',
                          label: 'Password',
                          hint: 'For the console and SSH',
                          disabled: mayKeepSecrets.allowed === false,
                        },
                        { value: 'sshKey', label: 'SSH key', hint: 'Over the network only', disabled: mayKeepSecrets.allowed === false },
                        { value: 'none', label: 'As the image has it', hint: 'Nothing is set up' },
                      ]}
                    />
                  )}
                />
                {mayKeepSecrets.allowed === false && <p className="hint">{mayKeepSecrets.reason} A login is kept in a Secret.</p>}
                {values.login !== 'none' && (
                  <div className="fgrid">
                    <Field label="User" error={error('user')}>
                      <TextInput mono {...register('user')} />
                    </Field>
                    {values.login === 'password' ? (
                      <Field label="Password" error={error('password')} hint="At least 8 characters; kept in a Secret, not in the VM">
                        <PasswordInput {...register('password')} />
                      </Field>
                    ) : (
                      <Field label="SSH key" error={error('sshKey')} hint="The public one, such as the content of id_ed25519.pub">
                        <TextArea mono rows={3} placeholder="ssh-ed25519 AAAA… you@laptop" {...register('sshKey')} />
                      </Field>
                    )}
                  </div>
                )}
              </>
            ) : (
              <p className="optional-note">
                {facts.family === 'windows'
                  ? 'Windows asks for its administrator’s password on the screen, at the first start.'
                  : 'The image brings its own accounts.'}
              </p>
            )}
          </section>
        </div>
      </div>

      <CreateSummary facts={facts} values={values} blocked={blocked} dryRun={dryRun}>
        {errors.root?.server?.message && (
          <Banner tone="error" inline title="The VM could not be created.">
            {errors.root.server.message}
          </Banner>
        )}
        <Controller
          control={control}
          name="start"
          render={({ field }) => (
            <OptionRow control={<Switch checked={field.value} onCheckedChange={field.onChange} />} label="Start after creation" />
          )}
        />
        <Button
          type="submit"
          variant="primary"
          size="big"
          aria-keyshortcuts="Control+Enter"
          loading={isSubmitting}
          disabledReason={blocked ?? facts.notReadyReason}
        >
          Create VM <Keys keys="Ctrl ↵" />
        </Button>
      </CreateSummary>

      {yamlOpen && (
        <Suspense>
          <YamlDrawer template={template} values={templateValues(values)} initial={templateValues(initial)} onClose={toggleYaml} />
        </Suspense>
      )}
    </form>
  )
}

function nameTaken(namespace: string, name: string): boolean {
  return fleets.virtualmachines.row({ namespace, name }) !== undefined
}

/** Where the user has VMs already and may create more, else the first where that is allowed. */
function firstNamespace({ namespaces }: CreateAccess): string {
  const allowed = namespaces.filter((namespace) => namespace.allowed).map(({ name }) => name)
  const used = new Set(fleets.virtualmachines.state().rows.map(({ namespace }) => namespace))
  return allowed.find((name) => used.has(name)) ?? allowed[0] ?? namespaces[0]?.name ?? ''
}

function sameAnswers(a: CreateValues, b: CreateValues): boolean {
  return (Object.keys(a) as (keyof CreateValues)[]).every((key) => a[key] === b[key])
}
