/** What is said of a switch: its states, why it ended, and why it was refused, by the server's codes. */
import type { Refusal, Switch, TakenBack } from "../state/rest";
import { fill, inLanguage, language, t } from "./words";
import type { Word } from "./words";

type Pair = readonly [string, string];

const STATES: Readonly<Record<string, Pair>> = {
  requested: ["requested", "요청됨"],
  queued: ["queued", "대기"],
  preparing: ["preparing", "준비"],
  marking: ["marking", "표시"],
  armed: ["armed", "준비 완료"],
  applying: ["applying", "적용"],
  unknown: ["answer unknown", "응답 불명"],
  sealing: ["sealing", "봉인"],
  applied: ["applied", "적용됨"],
  verifying: ["verifying", "확인"],
  rolling_back: ["going back", "되돌리는 중"],
  held: ["held", "보류 중"],
  waiting: ["waits for pods", "파드를 기다림"],
  holding: ["held up", "유지 중"],
  succeeded: ["succeeded", "성공"],
  rolled_back: ["rolled back", "되돌림 완료"],
  rejected: ["rejected", "거부됨"],
  cancelled: ["cancelled", "취소됨"],
  expired: ["given up, nothing changed", "기한 지남, 바뀐 것 없음"],
  failed_no_change: ["failed, nothing changed", "실패, 바뀐 것 없음"],
  conflict: ["conflict, nothing changed", "충돌, 바뀐 것 없음"],
  reverted_externally: ["changed back by somebody else", "다른 주체가 되돌림"],
  needs_human: ["needs a person to look", "사람의 확인이 필요함"],
};

const UNCHANGED: Pair = [
  "If everything stopped now, nothing more would change. Clusterview goes on when it is back.",
  "지금 모든 것이 멈춰도 더 바뀌는 것은 없습니다. Clusterview가 돌아오면 이어서 진행합니다.",
];
const EITHER: Pair = [
  "If everything stopped now, the Service would have the old selector or the new one, never a mixture. Clusterview reads which when it is back.",
  "지금 모든 것이 멈추면 서비스는 이전 셀렉터나 새 셀렉터 가운데 하나를 온전히 가집니다. Clusterview가 돌아오면 어느 쪽인지 읽습니다.",
];
const CHANGED: Pair = [
  "If everything stopped now, traffic would stay where the Service leads. Clusterview checks it when it is back.",
  "지금 모든 것이 멈춰도 트래픽은 서비스가 가리키는 곳에 머뭅니다. Clusterview가 돌아오면 확인합니다.",
];

const RAISED: Pair = [
  "If everything stopped now, what was raised would stay raised. Clusterview puts it back when it is back.",
  "지금 모든 것이 멈추면 올려 둔 값이 그대로 남습니다. Clusterview가 돌아오면 되돌립니다.",
];

/** What would be if everything stopped in this state. */
const IF_STOPPED: Readonly<Record<string, Pair>> = {
  requested: UNCHANGED,
  queued: UNCHANGED,
  preparing: UNCHANGED,
  marking: UNCHANGED,
  armed: UNCHANGED,
  applying: EITHER,
  unknown: EITHER,
  sealing: EITHER,
  applied: CHANGED,
  verifying: CHANGED,
  rolling_back: CHANGED,
  held: CHANGED,
  waiting: RAISED,
  holding: RAISED,
};

/** What each entry of the audit says happened. */
const ENTRIES: Readonly<Record<string, Pair>> = {
  REQUESTED: ["asked for", "요청함"],
  CLAIMED: ["taken up by a worker", "워커가 맡음"],
  QUEUED: ["waits for its turn", "차례를 기다림"],
  GIVEN_UP: ["given up before the change", "변경 전에 중단함"],
  PREPARING: ["prepares", "준비함"],
  PREFLIGHT: ["checks done again", "점검을 다시 마침"],
  MARK_MISSED: ["could not mark the Service; tries again", "서비스에 표시하지 못해 다시 시도함"],
  INTENT: ["about to change the selector", "셀렉터를 바꾸기 직전"],
  OUTCOME: ["outcome of the change", "변경 결과"],
  UNKNOWN: ["the answer was lost", "응답을 잃음"],
  TAKEN_OVER: ["another worker goes on", "다른 워커가 이어받음"],
  HELD: ["waits for a right", "권한을 기다림"],
  RESUMED: ["goes on", "다시 진행함"],
  OVERLAPPED: ["the old side is left now", "이제 이전 쪽을 떠남"],
  SET_ASIDE: ["set aside after repeated failures", "거듭 실패하여 따로 둠"],
  SEALING: ["shuts out a late answer", "늦은 응답을 차단함"],
  SEAL_MISSED: ["the Service changed meanwhile; looks again", "그사이 서비스가 바뀌어 다시 확인함"],
  ACT: ["pressed a button of the practice cluster", "연습용 클러스터의 버튼을 누름"],
  ACT_FAILED: ["the practice cluster did not do it", "연습용 클러스터가 수행하지 않음"],
  VERIFYING: ["watches the endpoints", "엔드포인트를 확인하는 중"],
  VERIFIED: ["the endpoints follow", "엔드포인트가 따라옴"],
  NOT_CONVERGED: ["the endpoints did not follow", "엔드포인트가 따라오지 않음"],
  BACK_REQUESTED: ["going back asked for", "되돌리기를 요청함"],
  TURNING_BACK: ["goes back", "되돌림"],
  PLANNED: ["numbers to change are found", "바꿀 값을 찾음"],
  HOLDING: ["keeps what was raised", "올린 값을 유지함"],
  RESTORING: ["puts back what was raised", "올린 값을 되돌림"],
  AS_BEFORE: ["was as before already", "이미 이전과 같음"],
  LOWERED: ["somebody else made it smaller; it is not held up any more", "다른 주체가 낮춰 더는 유지되지 않음"],
  LEFT_ALONE: ["somebody else changed it; left as it is", "다른 주체가 바꿔 그대로 둠"],
  HANDED_OVER: ["another operation still needs it", "다른 작업이 아직 필요로 함"],
  WAITING: ["waits until the pods are ready", "파드가 준비되기를 기다림"],
  READY: ["the pods are ready", "파드가 준비됨"],
  BLOCKED: ["something keeps the pods from coming", "파드가 늘지 못함"],
  AS_WANTED: ["had the wanted number already", "이미 원하는 값임"],
  KEEP: ["old side kept longer", "이전 버전을 더 유지함"],
  REVERTED: ["somebody else changed it back", "다른 주체가 되돌림"],
  REVERTED_AFTERWARDS: ["somebody else changed it after the success", "성공 뒤 다른 주체가 바꿈"],
  LEFT: ["ended by somebody while it was held", "보류 중에 끝냄"],
  CONFLICT: ["somebody else changed the selector", "다른 주체가 셀렉터를 바꿈"],
  ARMED: ["switching allowed", "전환을 허용함"],
  DISARMED: ["switching forbidden", "전환을 금지함"],
  AUDIT_GAP: ["entries before this one are missing", "이전 기록 일부가 없음"],
  PERSON_ADDED: ["person added", "사용자를 추가함"],
  PERSON_ENABLED: ["person let in again", "사용자를 다시 허용함"],
  PERSON_DISABLED: ["person shut out", "사용자를 차단함"],
  ROLE_CHANGED: ["role changed", "역할을 바꿈"],
  TOKEN_CREATED: ["token made", "토큰을 만듦"],
  TOKEN_REVOKED: ["token revoked", "토큰을 폐기함"],
  LINK_MADE: ["sign-in link made", "로그인 링크를 만듦"],
  SIGNED_IN: ["signed in", "로그인함"],
  ENDED: ["ended", "끝남"],
  CLOSED: ["closed", "종료됨"],
};

const KOREAN: Readonly<Record<string, string>> = {
  "turned-back": "변경 전에 되돌리기를 요청했습니다.",
  not_signed_in: "로그인하세요.",
  not_found: "그런 것이 없거나 볼 수 없습니다.",
  bad_request: "요청이 올바르지 않습니다.",
  csrf: "이 화면에서 보낸 요청이 아닙니다. 새로고침한 뒤 다시 시도하세요.",
  broken: "Clusterview 쪽에서 문제가 생겼습니다. 로그에 남아 있습니다.",
  not_allowed: "전환을 요청할 권한이 없습니다.",
  not_armed: "이 클러스터의 전환이 꺼져 있습니다. 관리자가 켜야 합니다.",
  read_only: "이 설치본은 보기 전용입니다.",
  not_recorded: "그 시점에는 기록된 것이 없습니다.",
  too_many_look_back: "지금 과거를 보는 요청이 너무 많습니다. 잠시 뒤에 다시 시도하세요.",
  no_database: "데이터베이스가 응답하지 않습니다. 다시 시도하세요. 같은 Idempotency-Key로 보낸 요청은 두 번 실행되지 않습니다.",
  frozen: "클러스터에 이 설치가 남긴 변경이 있는데 데이터베이스에는 없습니다. 데이터베이스가 이전 사본에서 복원되었습니다. 관리자가 감사 기록에서 빠진 부분을 확인하고 다시 허용할 때까지 전환을 멈춥니다.",
  restored: "데이터베이스가 이전 사본에서 복원되어 클러스터보다 뒤처져 있습니다. 이 전환이 이미 한 일을 알 수 없으니 다시 전환하기 전에 서비스를 확인하세요.",
  "too-late": "2분 안에 시작하지 못해 중단했습니다. 바뀐 것은 없습니다.",
  "group-stopped": "그룹에서 앞선 전환이 성공하지 못해 시작하지 않았습니다.",
  defect: "Clusterview 자체가 거듭 실패하여 따로 두었습니다. 원인은 로그에 있습니다. 다시 전환하기 전에 서비스를 확인하세요.",
  "defect-may-land": "Clusterview 자체가 거듭 실패하여 따로 두었습니다. 원인은 로그에 있습니다. 마지막 패치를 막지 못해 뒤늦게 적용될 수 있습니다. 서비스가 더 바뀌지 않는지 확인한 뒤 다시 전환하세요.",
  "may-land": "패치의 응답을 잃었고, 클러스터가 Clusterview의 어노테이션을 지워 그 패치를 막지 못했습니다. 뒤늦게 적용될 수 있으니 서비스가 더 바뀌지 않는지 확인하세요.",
  "no-credential": "클러스터가 1분 동안 Clusterview의 인증 정보를 받아들이지 않았습니다. 마지막 변경은 적용되었으며 그때의 서비스 상태를 함께 표시합니다. 인증 정보를 갱신하고 서비스를 확인한 뒤 새 전환으로 계속할지 되돌릴지 정하세요.",
  "no-credential-may-land": "클러스터가 1분 동안 Clusterview의 인증 정보를 받아들이지 않아 마지막 패치의 결과를 읽을 수 없습니다. 적용되었거나, 적용되지 않았거나, 인증 정보가 돌아온 뒤 적용될 수 있습니다. 그 전의 서비스 상태를 함께 표시합니다. 인증 정보를 갱신하고 서비스가 더 바뀌지 않는지 확인한 뒤 다시 전환하세요.",
  "no-credential-unchanged": "클러스터가 1분 동안 Clusterview의 인증 정보를 받아들이지 않았습니다. 바뀐 것은 없습니다. 인증 정보를 갱신한 뒤 다시 시도하세요.",
  "no-right": "1분 동안 Clusterview에 전환에 필요한 권한이 없었습니다. 마지막 변경은 적용되었으며 그때의 서비스 상태를 함께 표시합니다. `manage.py rbac --switch`가 필요한 권한을 출력합니다. 서비스를 확인한 뒤 새 전환으로 계속할지 되돌릴지 정하세요.",
  "no-right-may-land": "1분 동안 Clusterview에 전환에 필요한 권한이 없어 마지막 패치의 결과를 알 수 없습니다. 적용되었거나, 적용되지 않았거나, 뒤늦게 적용될 수 있습니다. 그 전의 서비스 상태를 함께 표시합니다. `manage.py rbac --switch`가 필요한 권한을 출력합니다. 서비스가 더 바뀌지 않는지 확인한 뒤 다시 전환하세요.",
  "no-right-unchanged": "1분 동안 Clusterview에 전환에 필요한 권한이 없었습니다. 바뀐 것은 없습니다. `manage.py rbac --switch`가 필요한 권한을 출력합니다.",
  "bad-overlap": "overlap_seconds는 0에서 3600 사이의 정수입니다.",
  "no-overlap": "두 쪽을 가르는 레이블을 뺀 셀렉터가 다른 파드와도 맞거나 아무것도 남지 않아 함께 받을 수 없습니다.",
  "bad-group": "그룹은 서로 다른 서비스 2~20개입니다.",
  "no-act": "이 클러스터에는 그런 버튼이 없습니다.",
  "act-later": "지금은 할 수 없습니다. 잠시 뒤에 다시 시도하세요.",
  "act-lost": "연습용 클러스터가 응답하지 않았습니다. 다시 누르기 전에 화면을 확인하세요.",
  "no-group": "그런 전환 그룹이 없습니다.",
  gone: "서비스가 삭제되었습니다.",
  replaced: "서비스가 삭제된 뒤 다시 만들어졌습니다.",
  "selector-changed": "다른 주체가 먼저 셀렉터를 바꿨습니다.",
  "kept-moving": "시도하는 동안 다른 주체가 대상을 계속 바꿔 이 마지막 단계를 수행하지 못했습니다.",
  "no-writes": "지금은 클러스터가 쓰기를 받아들이지 않습니다. 매초 다시 시도합니다.",
  "overlap-over-others": "그 사이 어느 쪽도 아닌 파드가 생겨 두 쪽을 함께 고르는 셀렉터에 걸리므로 아무것도 바꾸지 않았습니다. 그 파드를 없애거나 겹침 없이 전환하세요.",
  "lost-answers": "패치에 대한 클러스터의 응답이 사라졌습니다. 늦게 도착할 수 있는 패치를 막았고 매초 다시 시도합니다.",
  preflight: "사전 점검에서 전환을 막는 항목을 찾았습니다.",
  refused: "API 서버가 패치를 거부했습니다.",
  "missing-right": "Clusterview에 전환에 필요한 권한이 없습니다. `manage.py rbac --switch`가 필요한 권한을 출력합니다.",
  "not-converged": "30초 안에 엔드포인트가 따라오지 않았습니다.",
  emptied: "전환 직후 새 버전에 준비된 파드가 하나도 남지 않았습니다.",
  "old-side-gone": "이전 버전에 준비된 파드가 없어 되돌릴 곳이 없습니다.",
  "lost-answer": "패치의 응답을 잃었고 오브젝트가 그 뒤 바뀌었습니다. 적용 여부는 사람이 확인해야 합니다. 뒤늦게 적용될 일은 없습니다.",
  altered: "API 서버가 보낸 것과 다른 셀렉터로 응답했습니다.",
  asked: "되돌리기를 요청했습니다.",
  "preflight-size": "사전 점검에서 크기 변경을 막는 항목을 찾았습니다.",
  "not-ready-in-time": "30분 안에 파드가 준비되지 않았습니다. 늘어난 파드는 그대로 두고 오토스케일러는 이전으로 되돌렸습니다.",
  "quota-full": "네임스페이스의 쿼터가 다 차서 파드가 늘지 않습니다.",
  "no-room": "파드를 놓을 노드가 없습니다. 클러스터에 자리가 없습니다.",
  "bad-replicas": "replicas는 0에서 10000 사이의 정수입니다.",
  "not-succeeded": "성공한 전환이 떠난 쪽만 줄일 수 있습니다.",
  "open-size": "이 서비스의 다른 크기 변경이 진행 중입니다.",
  "switch-runs": "이 네임스페이스에서 전환이 진행 중입니다. 끝난 뒤에 줄이세요.",
  "scaling-down": "이 네임스페이스에서 한쪽을 줄이는 중입니다. 끝난 뒤에 전환하세요.",
  resized: "그사이 다른 주체가 값을 바꿨거나 오브젝트가 새로 만들어져 그대로 두었습니다.",
  "missing-right-size": "Clusterview에 크기 변경에 필요한 것을 읽거나 바꿀 권한이 없습니다. `manage.py rbac --switch`가 필요한 권한을 출력합니다.",
  "not-written": "클러스터가 새 수를 다섯 번 연속 받아들이지 않았거나 응답이 사라졌습니다. 늦게 도착할 수 있는 것은 막았고, 그전에 올린 값은 되돌렸습니다.",
  "not-needed": "모두 쓰기 전에 이전 쪽을 유지할 시간이 끝났습니다. 올렸던 값은 되돌렸습니다.",
  "no-credential-size": "클러스터가 1분 동안 Clusterview의 인증 정보를 받아들이지 않았습니다. 인증 정보를 갱신하면 크기 변경을 이어 갑니다.",
  "shut-out-size": "크기를 바꾸는 도중에 1분 동안 클러스터가 Clusterview를 받아들이지 않았습니다. 마지막 값은 적용되었거나, 적용되지 않았거나, 뒤늦게 적용될 수 있습니다. 워크로드가 더 바뀌지 않는지 확인한 뒤 크기를 다시 바꾸세요.",
  "refused-size": "API 서버가 새 값을 거부했습니다.",
  "bad-keep": "keep_seconds는 30에서 86400 사이의 정수입니다.",
  reverted: "전환 뒤 다른 주체가 셀렉터를 바꿨습니다.",
  "reverted-afterwards": "전환이 성공한 뒤 다른 주체가 셀렉터를 바꿨습니다. 맞서 고쳐 쓰지 않았습니다.",
  left: "보류 중에 누군가 끝냈습니다. 트래픽은 그때 있던 곳에 그대로 있으니 다시 전환하기 전에 서비스를 확인하세요.",
  "not-held": "이 전환은 보류 중이 아닙니다. 스스로 진행하고 있거나 이미 끝났습니다.",
  "no-cluster": "그런 클러스터가 없습니다.",
  "another-cluster": "전환을 허용했을 때와 다른 클러스터가 이 이름으로 응답하여 전환을 껐습니다. 맞는 클러스터라면 다시 허용하세요.",
  "no-service": "이 네임스페이스에 그런 서비스가 없습니다.",
  "no-pair": "이 서비스 뒤에 셀렉터의 레이블 하나만 다른 두 워크로드가 없습니다.",
  "bad-name": "네임스페이스, 서비스 또는 레이블 값이 올바른 이름이 아닙니다.",
  unreachable: "클러스터가 응답하지 않습니다. 바뀐 것은 없습니다. 실시간일 때 다시 시도하세요.",
  forbidden: "API 서버가 사전 점검에 필요한 읽기를 허용하지 않습니다.",
  changed: "서비스가 보신 것과 달라졌습니다. 다시 확인한 뒤 결정하세요.",
  "confirm-old": "확인하신 내용은 2분이 지났습니다. 다시 확인한 뒤 결정하세요.",
  "bad-confirm": "보여 드린 사전 점검에 대한 확인이 아닙니다.",
  "open-switch": "이 서비스의 다른 전환이 진행 중입니다.",
  "idempotency-key": "이 Idempotency-Key는 다른 요청에 쓰였습니다.",
  finished: "이 전환은 끝났고 되돌릴 것이 없습니다.",
  "service-replaced": "그 전환 뒤 서비스가 삭제되고 다시 만들어져 되돌릴 것이 없습니다. 새 전환을 시작하세요.",
  superseded: "이 서비스에 더 새로운 전환이 있습니다. 그 전환에서 되돌리세요.",
  "keeping-ended": "이전 버전을 더 이상 유지하지 않습니다.",
  "bad-minutes": "분은 1에서 1440 사이의 정수입니다.",
  "already-back": "이미 이전 쪽을 가리키므로 아무것도 쓰지 않았습니다.",
  "led-elsewhere": "그 뒤에 바뀌어 이전 쪽이 아닌 곳을 가리킵니다. 아무것도 쓰지 않았습니다.",
  "service-gone": "서비스가 삭제되었거나 새로 만들어졌습니다. 아무것도 쓰지 않았습니다.",
  "not-begun": "그 순간 되돌리기를 막는 것이 있어 이 서비스에는 아무것도 쓰지 않았습니다. 확인한 뒤 다시 되돌리세요.",
  "newer-runs": "이 서비스의 더 새로운 전환이 진행 중입니다. 아무것도 쓰지 않았습니다.",
  "needs-human": "이 서비스의 전환은 사람의 확인이 필요한 상태로 끝났고 서비스는 그 전환이 옮긴 곳을 가리킵니다. 아무것도 쓰지 않았습니다.",
  not_seen_yet: "클러스터를 아직 보지 못했습니다.",
};

/** Of answers without a code of the API: from a proxy, or for an address that it does not know. */
const WITHOUT_CODE: Readonly<Record<string, Pair>> = {
  no_server: ["Clusterview does not answer.", "Clusterview가 응답하지 않습니다."],
  "http-4": ["There is nothing at this address, or the request was not let through ({code}).", "이 주소에 아무것도 없거나 요청이 통과하지 못했습니다({code})."],
  "http-5": ["Clusterview, or a proxy before it, failed to answer ({code}).", "Clusterview 또는 그 앞의 프록시가 응답하지 못했습니다({code})."],
};

export function stateWord(state: string): string {
  const pair = STATES[state];
  return pair ? inLanguage(pair) : state;
}

/** What would be if everything stopped now; empty for an ended switch. */
export function ifStopped(state: string): string {
  const pair = IF_STOPPED[state];
  return pair ? inLanguage(pair) : "";
}

/** What an entry of the audit says happened; an unknown one by its code. */
export function entryWord(action: string): string {
  const pair = ENTRIES[action];
  return pair ? inLanguage(pair) : action;
}

/** Why it ended or what it waits for, in the reader's language; empty while there is nothing to say. */
export function reasonOf(told: Pick<Switch, "open" | "reason" | "held_for" | "sentence">): string {
  const code = (told.open && told.held_for) || told.reason;
  if (!code) return "";
  return (language.value === "ko" && KOREAN[code]) || told.sentence || code;
}

const DIFFERS: Readonly<Record<string, Word>> = {
  cluster: "cluster", namespace: "namespace", service: "service", key: "fromTo", from: "fromTo", to: "fromTo", actor: "who", reverses: "wayBack",
  open: "state", state: "state", reason: "state",
};

/** Where a switch's row and its audit disagree; empty where they agree. */
export function differsOf(told: Pick<Switch, "differs">): string {
  if (told.differs.includes("row")) return t("rowGone");
  if (told.differs.includes("audit")) return t("notAsked");
  const names = new Set(told.differs.map((name) => (DIFFERS[name] ? t(DIFFERS[name]) : name)));
  return names.size ? t("differs", { names: [...names].join(", ") }) : "";
}

/** One sentence for a call that was refused, with the Service that it was refused for where that is one of several. */
export function refusalOf(refusal: Refusal): string {
  const said = (language.value === "ko" && KOREAN[refusal.code]) || refusal.sentence || withoutCode(refusal.code);
  const { service } = refusal.body;
  return typeof service === "string" ? t("refusedOf", { service, sentence: said }) : t("refused", { sentence: said });
}

function withoutCode(code: string): string {
  const pair = WITHOUT_CODE[code] ?? WITHOUT_CODE[code.slice(0, 6)];
  return pair ? fill(inLanguage(pair), { code }) : code;
}

/** Why one of a group was not taken back with the others, and by whom where that is known. */
export function leftOf(told: TakenBack): string {
  const said = (language.value === "ko" && KOREAN[told.left]) || told.sentence || told.left;
  return `${told.service}${told.by && ` (${told.by})`}: ${said}`;
}
