/** Every command of `taskmesh`, in the order in which help lists them. */
import { bootstrapCommand, monitorCommand, routerCommand, workerCommand } from './commands/roles.ts'
import { commandCommand } from './commands/command.ts'
import { completionCommand } from './commands/completion.ts'
import { configShowCommand } from './commands/config-show.ts'
import { initCommand } from './commands/init.ts'
import { joinCommand } from './commands/join.ts'
import { manCommand } from './commands/man.ts'
import { meshShowCommand } from './commands/mesh-show.ts'
import { demoCommand } from './commands/demo.ts'
import { chatCommand } from './commands/chat.ts'
import { dashboardCommand } from './commands/dashboard.ts'
import { dialCommand } from './commands/dial.ts'
import { inboxCommand, sendCommand } from './commands/direct-messages.ts'
import { downCommand, upCommand } from './commands/up.ts'
import { eventsCommand } from './commands/events.ts'
import { filesAddCommand } from './commands/files-add.ts'
import { filesGetCommand } from './commands/files-get.ts'
import { filesInfoCommand } from './commands/files-info.ts'
import { filesKeepCommand } from './commands/files-keep.ts'
import { filesLsCommand } from './commands/files-ls.ts'
import {
  filesPinCommand,
  filesRmCommand,
  filesUnpinCommand,
  filesVerifyCommand
} from './commands/files-pin.ts'
import { doctorCommand } from './commands/doctor.ts'
import { jobAttemptsCommand } from './commands/job-attempts.ts'
import { jobDescribeCommand } from './commands/job-describe.ts'
import { jobExplainCommand } from './commands/job-explain.ts'
import { jobGetCommand } from './commands/job-get.ts'
import { jobHistoryCommand } from './commands/job-history.ts'
import { jobHoldCommand, jobReleaseCommand } from './commands/job-hold.ts'
import { jobInitCommand } from './commands/job-init.ts'
import { jobItemsCommand } from './commands/job-items.ts'
import { jobListCommand } from './commands/job-list.ts'
import { jobLogsCommand } from './commands/job-logs.ts'
import { jobPlanCommand } from './commands/job-plan.ts'
import { jobRerunCommand } from './commands/job-rerun.ts'
import { jobRunCommand } from './commands/job-run.ts'
import { jobStopCommand } from './commands/job-stop.ts'
import { jobValidateCommand } from './commands/job-validate.ts'
import { jobWaitCommand } from './commands/job-wait.ts'
import { jobWatchCommand } from './commands/job-watch.ts'
import {
  nodeCordonCommand,
  nodeDrainCommand,
  nodeUncordonCommand
} from './commands/node-availability.ts'
import {
  nodeApproveCommand,
  nodeBanCommand,
  nodePardonCommand,
  nodeRejectCommand
} from './commands/node-membership.ts'
import { nodeIdleReasonsCommand } from './commands/node-idle-reasons.ts'
import { nodeDescribeCommand, nodeListCommand } from './commands/nodes.ts'
import { peersCommand } from './commands/peers.ts'
import { receiptShowCommand, receiptVerifyCommand } from './commands/receipts.ts'
import { recipeCreateCommand, recipeRunCommand } from './commands/recipe-run.ts'
import {
  recipeListCommand,
  recipePublishCommand,
  recipeRemoveCommand,
  recipeShowCommand
} from './commands/recipes.ts'
import { reputationExportCommand, reputationVerifyCommand } from './commands/reputation-export.ts'
import { reputationShowCommand, reputationTopCommand } from './commands/reputation-show.ts'
import { routeSimulateCommand } from './commands/route-simulate.ts'
import { routeLogCommand } from './commands/route-log.ts'
import { routeReplayCommand } from './commands/route-replay.ts'
import { routeWeightsCommand } from './commands/route-weights.ts'
import { routerBackupCommand, routerCheckStoreCommand } from './commands/router-store.ts'
import {
  routerTokenCreateCommand,
  routerTokenListCommand,
  routerTokenRevokeCommand
} from './commands/router-token.ts'
import { runCommand } from './commands/run.ts'
import { securityCommand } from './commands/security.ts'
import { shareCommand } from './commands/share.ts'
import { tokenCreateCommand } from './commands/token-create.ts'
import { tokenRevokeCommand } from './commands/token-revoke.ts'
import { tokenShowCommand } from './commands/token-show.ts'
import { topicListCommand, topicPublishCommand, topicSubscribeCommand } from './commands/topics.ts'
import { versionCommand } from './commands/version.ts'
import type { CliCommand } from './command.ts'

export const COMMANDS: readonly CliCommand[] = [
  demoCommand,
  upCommand,
  downCommand,
  dashboardCommand,
  initCommand,
  tokenCreateCommand,
  tokenShowCommand,
  tokenRevokeCommand,
  joinCommand,
  meshShowCommand,
  bootstrapCommand,
  workerCommand,
  routerCommand,
  shareCommand,
  monitorCommand,
  routerBackupCommand,
  routerCheckStoreCommand,
  routerTokenCreateCommand,
  routerTokenListCommand,
  routerTokenRevokeCommand,
  runCommand,
  jobRunCommand,
  jobInitCommand,
  jobValidateCommand,
  jobPlanCommand,
  jobListCommand,
  jobDescribeCommand,
  jobItemsCommand,
  jobHistoryCommand,
  jobAttemptsCommand,
  jobExplainCommand,
  jobWaitCommand,
  jobWatchCommand,
  jobLogsCommand,
  jobGetCommand,
  jobHoldCommand,
  jobReleaseCommand,
  jobStopCommand,
  jobRerunCommand,
  recipeListCommand,
  recipeShowCommand,
  recipeCreateCommand,
  recipePublishCommand,
  recipeRunCommand,
  recipeRemoveCommand,
  filesAddCommand,
  filesLsCommand,
  filesInfoCommand,
  filesGetCommand,
  filesVerifyCommand,
  filesPinCommand,
  filesUnpinCommand,
  filesKeepCommand,
  filesRmCommand,
  nodeListCommand,
  nodeDescribeCommand,
  nodeIdleReasonsCommand,
  nodeCordonCommand,
  nodeUncordonCommand,
  nodeDrainCommand,
  nodeApproveCommand,
  nodeRejectCommand,
  nodeBanCommand,
  nodePardonCommand,
  routeWeightsCommand,
  routeLogCommand,
  routeReplayCommand,
  eventsCommand,
  peersCommand,
  securityCommand,
  dialCommand,
  commandCommand,
  topicPublishCommand,
  topicSubscribeCommand,
  topicListCommand,
  chatCommand,
  sendCommand,
  inboxCommand,
  receiptShowCommand,
  receiptVerifyCommand,
  routeSimulateCommand,
  reputationShowCommand,
  reputationTopCommand,
  reputationExportCommand,
  reputationVerifyCommand,
  configShowCommand,
  doctorCommand,
  completionCommand,
  manCommand,
  versionCommand
]
