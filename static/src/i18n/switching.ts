/** What is said of a switch: its states, why it ended, and why it was refused, by the server's codes. */
import type { Refusal, Switch, TakenBack } from "../state/rest";
import { korean } from "./catalog";
import { fill, inLanguage, t } from "./words";
import type { Word } from "./words";

type Pair = readonly [string, string];

const STATES: Readonly<Record<string, Pair>> = {
  requested: ["requested", "요청됨"],
  queued: ["queued", "대기"],
  preparing: ["preparing", "준비"],
  marking: ["marking", "표시"],
  armed: ["recorded", "기록됨"],
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

/** What each of them means, in a sentence. */
const MEANINGS: Readonly<Record<string, Pair>> = {
  requested: ["Somebody has asked for it; nothing is checked or changed yet.", "요청만 된 상태로, 아직 점검하거나 바꾼 것이 없습니다."],
  queued: ["It waits for its turn, or for a worker to take it up; nothing is changed yet.", "차례나 맡을 워커를 기다립니다. 아직 바꾼 것이 없습니다."],
  preparing: ["The cluster is read and checked again, for the change that comes next.", "다음 변경을 위해 클러스터를 다시 읽고 점검합니다."],
  marking: [
    "A mark is written to the object, so that no older request of ours can still change it.",
    "오브젝트에 표시를 남겨 이전 요청이 더는 바꿀 수 없게 합니다.",
  ],
  armed: ["What is about to be changed stands in the audit; it is sent next.", "무엇을 바꿀지 감사 기록에 남겼고, 이제 보냅니다."],
  applying: ["The change is sent, and the cluster's answer awaited.", "변경을 보내고 클러스터의 응답을 기다립니다."],
  unknown: [
    "The answer was lost: the change may have arrived. Clusterview finds out, and does not send it again before.",
    "응답을 잃어 변경이 도착했는지 모릅니다. Clusterview가 알아낼 때까지 다시 보내지 않습니다.",
  ],
  sealing: [
    "Clusterview makes sure that a change which is still on its way cannot arrive any more.",
    "아직 전송 중일 수 있는 변경이 더는 도착하지 못하게 막습니다.",
  ],
  applied: ["The change stands in the cluster.", "변경이 클러스터에 반영되었습니다."],
  verifying: ["The change stands; the endpoints are watched until they have followed.", "변경이 반영되었고 엔드포인트가 따라올 때까지 확인합니다."],
  rolling_back: ["What was changed is put back.", "바꾼 것을 되돌립니다."],
  held: ["It waits for a right, a credential or a person, and goes on when that is there.", "권한, 자격 증명 또는 사람을 기다리며, 갖춰지면 이어서 진행합니다."],
  waiting: ["The numbers are written; the pods are awaited until they are ready.", "값을 썼고 파드가 준비되기를 기다립니다."],
  holding: ["What was raised stays raised until it is not needed any more, and is put back then.", "올린 값을 필요한 동안 유지하고 그 뒤 되돌립니다."],
  succeeded: ["What was asked for is done, and was read back from the cluster.", "요청한 일을 마쳤고 클러스터에서 다시 읽어 확인했습니다."],
  rolled_back: ["It was begun, and then taken back.", "시작했다가 되돌렸습니다."],
  rejected: ["It was not accepted; nothing was changed.", "받아들여지지 않았고 바꾼 것이 없습니다."],
  cancelled: ["It was called off; nothing was changed by it.", "취소되었고 바꾼 것이 없습니다."],
  expired: ["It could not be done in time and was given up; nothing was changed.", "제때 진행하지 못해 그만두었고 바꾼 것이 없습니다."],
  failed_no_change: ["It could not be done; nothing was changed, and nothing of it can still arrive.", "수행하지 못했습니다. 바꾼 것이 없고 뒤늦게 도착할 변경도 없습니다."],
  conflict: ["Somebody else had changed the object, which was left as it is; nothing was changed.", "다른 주체가 오브젝트를 바꾸어 그대로 두었고 바꾼 것이 없습니다."],
  reverted_externally: ["Somebody else has changed what Clusterview had written, which is not written again.", "Clusterview가 쓴 것을 다른 주체가 바꾸었고 다시 쓰지 않습니다."],
  needs_human: [
    "Clusterview cannot go on and does nothing more: a person has to look at what stands in the cluster.",
    "Clusterview가 더 진행할 수 없어 멈췄습니다. 클러스터에 무엇이 남아 있는지 사람이 확인해야 합니다.",
  ],
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
  TOOK_OVER: ["holds what another operation raised", "다른 작업이 올린 값을 이어서 유지함"],
  WAITING: ["waits until the pods are ready", "파드가 준비되기를 기다림"],
  READY: ["the pods are ready", "파드가 준비됨"],
  BLOCKED: ["something keeps the pods from coming", "파드가 늘지 못함"],
  AS_WANTED: ["had the wanted number already", "이미 원하는 값임"],
  KEEP: ["old side kept longer", "이전 버전을 더 유지함"],
  REVERTED: ["somebody else changed it back", "다른 주체가 되돌림"],
  REVERTED_AFTERWARDS: ["somebody else changed it after the success", "성공 뒤 다른 주체가 바꿈"],
  LEFT: ["ended by somebody while it was held", "보류 중에 끝냄"],
  CONFLICT: ["somebody else changed the selector", "다른 주체가 셀렉터를 바꿈"],
  ARMED: ["switching armed", "전환을 허용함"],
  DISARMED: ["switching disarmed", "전환을 끔"],
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

/** Of answers without a code of the API: from a proxy, or for an address that it does not know. */
const WITHOUT_CODE: Readonly<Record<string, Pair>> = {
  no_server: ["Clusterview does not answer.", "Clusterview가 응답하지 않습니다."],
  too_slow: ["The picture of that moment did not come within a minute.", "그 시점의 화면이 1분 안에 오지 않았습니다."],
  "http-4": ["There is nothing at this address, or the request was not let through ({code}).", "이 주소에 아무것도 없거나 요청이 통과하지 못했습니다({code})."],
  "http-5": ["Clusterview, or a proxy before it, failed to answer ({code}).", "Clusterview 또는 그 앞의 프록시가 응답하지 못했습니다({code})."],
};

export function stateWord(state: string): string {
  const pair = STATES[state];
  return pair ? inLanguage(pair) : state;
}

/** What a state means, in a sentence; empty for an unknown one. */
export function stateMeans(state: string): string {
  const pair = MEANINGS[state];
  return pair ? inLanguage(pair) : "";
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
  return korean()?.SAID[code] || told.sentence || code;
}

const DIFFERS: Readonly<Record<string, Word>> = {
  cluster: "cluster", namespace: "namespace", service: "service", key: "fromTo", from: "fromTo", to: "fromTo", actor: "who", reverses: "wayBack",
  open: "state", state: "state", reason: "state", side: "what", purpose: "what", target: "wantedSize", numbers: "wantedSize",
};

/** Where an operation's row and its audit disagree; empty where they agree. */
export function differsOf(told: Pick<Switch, "differs">): string {
  if (told.differs.includes("row")) return t("rowGone");
  if (told.differs.includes("audit")) return t("notAsked");
  const names = new Set(told.differs.map((name) => (DIFFERS[name] ? t(DIFFERS[name]) : name)));
  return names.size ? t("differs", { names: [...names].join(", ") }) : "";
}

/** One sentence for a call that was refused, with the Service that it was refused for where that is one of several. */
export function refusalOf(refusal: Refusal): string {
  const said = korean()?.SAID[refusal.code] || refusal.sentence || withoutCode(refusal.code);
  const { service, context } = refusal.body;
  const sentence = typeof context === "string" ? fill(said, { context }) : said;
  return typeof service === "string" ? t("refusedOf", { service, sentence }) : t("refused", { sentence });
}

function withoutCode(code: string): string {
  const pair = WITHOUT_CODE[code] ?? WITHOUT_CODE[code.slice(0, 6)];
  return pair ? fill(inLanguage(pair), { code }) : code;
}

/** Why one of a group was not taken back with the others, and by whom where that is known. */
export function leftOf(told: TakenBack): string {
  const said = korean()?.SAID[told.left] || told.sentence || told.left;
  return `${told.service}${told.by && ` (${told.by})`}: ${said}`;
}
