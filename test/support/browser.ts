/**
 * A real Chromium with a profile of its own, for pages of the dashboard: what they complain of on the console is collected, axe
 * looks at them, and pictures are taken into a folder that a person names (TASKMESH_SHOTS).
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium } from 'playwright-core'
import { onceOver } from './spawn-taskmesh.ts'
import type { BrowserContext, Page } from 'playwright-core'

const CHROMIUM = '/usr/bin/chromium'

/** Where it is missing, tests of pages are skipped. */
export const HAS_CHROMIUM: boolean = existsSync(CHROMIUM)

export const SIZES = {
  desk: { width: 1_280, height: 800 },
  phone: { width: 390, height: 844 }
} as const

export const THEMES = ['light', 'dark'] as const

/** Whoever waits longer waits for nothing. */
const PATIENCE_MS = 20_000

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]

export class Browser {
  readonly page: Page
  /** What pages wrote as errors, or did not catch. */
  readonly complaints: string[] = []

  private constructor(page: Page) {
    this.page = page
    page.setDefaultTimeout(PATIENCE_MS)
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') {
        this.complaints.push(`${message.text()} (${message.location().url})`)
      }
    })
    page.on('pageerror', (error) => this.complaints.push(String(error.stack ?? error)))
  }

  /** It ends with the test, or with the file's tests after `shareOverTests`. */
  static async start(): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'taskmesh-browser-'))
    const context = await launch(profile)
    onceOver(async () => {
      await context.close()
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    })
    return new Browser(context.pages()[0] ?? (await context.newPage()))
  }

  async size(size: keyof typeof SIZES): Promise<void> {
    await this.page.setViewportSize(SIZES[size])
  }

  async theme(theme: (typeof THEMES)[number]): Promise<void> {
    await this.page.emulateMedia({ colorScheme: theme })
  }

  /** What axe finds wrong, each as one line: the rule, where, and why. */
  async axe(): Promise<string[]> {
    const { violations } = await new AxeBuilder({ page: this.page }).analyze()
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(
        ({ failureSummary, html }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ''}`
      )
    )
  }

  /** A picture for people, where they ask for it. */
  async shoot(name: string): Promise<void> {
    const folder = process.env['TASKMESH_SHOTS']
    if (folder === undefined) return
    mkdirSync(folder, { recursive: true })
    await this.page.screenshot({ path: join(folder, `${name}.png`) })
  }

  /**
   * The page as it is now, in both themes and at both sizes; axe, which takes its time, looks at each theme and each size once.
   * @returns what it found, with where that was
   */
  async inspect(name: string): Promise<string[]> {
    const found: string[] = []
    for (const size of ['phone', 'desk'] as const) {
      await this.size(size)
      for (const theme of THEMES) {
        await this.theme(theme)
        await this.shoot(`${name}-${size}-${theme}`)
        if ((size === 'phone') !== (theme === 'dark')) continue
        found.push(...(await this.axe()).map((line) => `${name} ${size} ${theme} ${line}`))
      }
    }
    await this.theme('light')
    return found
  }
}

async function launch(profile: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    args: ARGS,
    viewport: SIZES.desk,
    // What moves is not where it was when it was looked at.
    reducedMotion: 'reduce'
  })
}
