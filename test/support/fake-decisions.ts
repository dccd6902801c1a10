/** A router's decisions without jobs: always the example of each schema. */
import { schemaDocuments } from '../../src/model/validate.ts'
import type { ApiServices, JobServices } from '../../src/http/services.ts'
import type { DecisionRecord } from '../../src/model/generated/decision.ts'
import type { IdleReasonsView } from '../../src/model/generated/api-idle-reasons.ts'
import type { WeightsView } from '../../src/model/generated/api-weights.ts'

/** @param note hears of every call */
export function fakeDecisions(
  note: (name: string, ...details: unknown[]) => void
): Pick<JobServices, 'decisions' | 'explain'> & Pick<ApiServices, 'idleReasons' | 'weights'> {
  return {
    explain: async (id, which) => {
      note('explain', id, which)
      return example('decision') as DecisionRecord
    },
    decisions: async (page) => {
      note('decisions', page)
      return [example('decision') as DecisionRecord]
    },
    idleReasons: async (which) => {
      note('idleReasons', which)
      return example('api/idle-reasons') as IdleReasonsView
    },
    weights: () => example('api/weights') as WeightsView
  }
}

function example(schema: string): unknown {
  const { examples } = schemaDocuments.get(schema) as { examples: [unknown] }
  return structuredClone(examples[0])
}
