/** Every word of the page in both languages; a key that lacks one of them does not compile. Braces are filled in by `t`. */
import { signal } from "@preact/signals";
import { page } from "../state/page";

export type Language = "en" | "ko";

const WORDS = {
  map: ["Map", "지도"],
  traffic: ["Traffic", "트래픽"],
  history: ["History", "기록"],
  people: ["People", "사용자"],
  signOut: ["Sign out", "로그아웃"],
  practice: ["Practice", "연습용 클러스터"],
  practiceMeans: ["A cluster on this machine for trying everything: nothing can break.", "이 컴퓨터에서 무엇이든 시험해 볼 수 있는 클러스터로, 망가질 것이 없습니다."],
  practiceViewer: ["Your role may look, not make things happen.", "현재 역할은 보기만 가능하며, 상황을 만들 수 없습니다."],
  practiceNone: ["This cluster has no buttons.", "이 클러스터에는 버튼이 없습니다."],
  played: ["{act}: {count} objects changed.", "{act}: 오브젝트 {count}개가 바뀌었습니다."],
  playedOne: ["{act}: 1 object changed.", "{act}: 오브젝트 1개가 바뀌었습니다."],
  playedNothing: ["{act}: done; no object had to change.", "{act}: 완료되었으며, 바꿀 오브젝트가 없었습니다."],
  live: ["Live", "실시간"],
  stale: ["Stale", "지연됨"],
  lost: ["Lost", "연결 끊김"],
  waiting: ["Connecting", "연결 중"],
  ago: ["{seconds} s ago", "{seconds}초 전"],
  verified: ["verified {seconds} s ago", "{seconds}초 전 확인"],
  verifiedMeans: [
    "All that is shown is compared with lists of the cluster, object by object; what differs is repaired.",
    "표시된 모든 것을 클러스터의 목록과 하나씩 비교하고, 다른 것은 바로잡습니다.",
  ],
  unreachable: ["the cluster does not answer", "클러스터가 응답하지 않습니다"],
  untrusted: [
    "the cluster's certificate cannot be verified; check the kubeconfig's certificate-authority",
    "클러스터의 인증서를 확인할 수 없습니다. kubeconfig의 certificate-authority를 확인하세요",
  ],
  kubeconfig: ["the kubeconfig cannot be used; mend it and start Clusterview again", "kubeconfig를 사용할 수 없습니다. 고친 뒤 Clusterview를 다시 시작하세요"],
  not_kubernetes: [
    "something answers that is not a Kubernetes API; check the server's address in the kubeconfig",
    "쿠버네티스 API가 아닌 것이 응답합니다. kubeconfig의 서버 주소를 확인하세요",
  ],
  unhealthy: ["the cluster answers that it is not well", "클러스터가 정상이 아니라고 응답합니다"],
  plugin: [
    "the kubeconfig's credential plugin gives no credential; run it by hand, or log in again",
    "kubeconfig의 자격 증명 플러그인이 자격 증명을 주지 않습니다. 직접 실행해 보거나 다시 로그인하세요",
  ],
  no_server: ["Clusterview does not answer", "Clusterview가 응답하지 않습니다"],
  catching_up: ["the newest picture is on its way", "최신 상태를 받는 중입니다"],
  unauthorized: ["the cluster refuses Clusterview's credential; log in to the cluster again", "클러스터가 Clusterview의 자격 증명을 거부합니다. 클러스터에 다시 로그인하세요"],
  watches_behind: ["some watches lag behind", "일부 감시가 뒤처져 있습니다"],
  no_picture: ["the first picture is on its way", "첫 화면을 준비하고 있습니다"],
  not_begun: ["nobody observes the cluster yet", "아직 클러스터를 관찰하는 프로세스가 없습니다"],
  no_observer: ["nobody observes the cluster at the moment", "지금 클러스터를 관찰하는 프로세스가 없습니다"],
  redis: ["Redis does not answer", "Redis가 응답하지 않습니다"],
  notLive: ["{state}: {why}", "{state}: {why}"],
  not_permitted: ["not permitted", "권한 없음"],
  partly: ["permitted in some namespaces only", "일부 네임스페이스에서만 허용됨"],
  not_installed: ["not installed in this cluster", "이 클러스터에 설치되지 않음"],
  failing: ["keeps failing", "계속 실패함"],
  other: ["the picture may be out of date", "화면이 최신이 아닐 수 있습니다"],
  showTable: ["Show as table", "표로 보기"],
  showMap: ["Show as map", "지도로 보기"],
  search: ["Search by name (/)", "이름으로 검색 (/)"],
  namespace: ["Namespace", "네임스페이스"],
  allNamespaces: ["All namespaces", "모든 네임스페이스"],
  onlyProblems: ["Problems only", "문제만"],
  noProblems: ["Nothing is wrong that can be seen from here.", "지금 보이는 문제가 없습니다."],
  controlPlane: ["Control plane", "컨트롤 플레인"],
  doors: ["Ways in", "들어오는 길"],
  zoom: ["Size of the map", "지도 크기"],
  closer: ["Larger", "크게"],
  farther: ["Smaller", "작게"],
  whole: ["Full size", "원래 크기"],
  account: ["Account of {person}", "{person}의 계정"],
  insideOnly: ["inside only", "클러스터 내부 전용"],
  podsByName: ["pods by name, no balancing", "파드를 이름으로, 부하 분산 없음"],
  everyNode: ["port {ports} on every node", "모든 노드의 포트 {ports}"],
  noAddress: ["no address yet", "아직 주소 없음"],
  nodes: ["Nodes", "노드"],
  noNodes: ["No nodes yet. Pods wait until one joins the cluster.", "아직 노드가 없습니다. 노드가 들어올 때까지 파드는 기다립니다."],
  noDoors: ["No Services here yet.", "아직 서비스가 없습니다."],
  noZone: ["no zone", "가용성 영역 없음"],
  unscheduled: ["On no node yet", "아직 노드에 없음"],
  plainDoors: ["{count} more lead from inside to ready pods", "내부에서 준비된 파드로 연결되는 {count}개 더 보기"],
  failingPods: ["{count} failing", "실패 {count}개"],
  pods: ["{count} pods", "파드 {count}개"],
  ready: ["{ready} of {total} ready", "{total}개 중 {ready}개 준비됨"],
  leader: ["leader {name}", "리더 {name}"],
  nowhere: ["no ready endpoint", "준비된 엔드포인트 없음"],
  notReady: ["not ready", "준비 안 됨"],
  arriving: ["The whole picture is on its way.", "전체 화면을 가져오는 중입니다."],
  nothingSeen: ["Waiting for the first picture of the cluster.", "클러스터의 첫 화면을 기다리고 있습니다."],
  nothingFound: ["Nothing matches. Clear the search or choose another namespace.", "일치하는 항목이 없습니다. 검색을 지우거나 다른 네임스페이스를 고르세요."],
  missingKinds: ["Not shown: {kinds}", "표시되지 않음: {kinds}"],
  kind: ["Kind", "종류"],
  name: ["Name", "이름"],
  status: ["Status", "상태"],
  close: ["Close", "닫기"],
  labels: ["Labels", "레이블"],
  warnings: ["Warnings", "경고"],
  containers: ["Containers", "컨테이너"],
  related: ["Connected to", "연결 대상"],
  node: ["Node", "노드"],
  image: ["Image", "이미지"],
  created: ["Created", "생성"],
  noApplications: [
    "No Service here has two sides. Give two Deployments of one Service a label that differs, such as slot: blue and slot: green.",
    "두 쪽을 가진 서비스가 없습니다. 한 서비스의 두 디플로이먼트에 서로 다른 레이블(예: slot: blue, slot: green)을 붙이세요.",
  ],
  lastMoves: ["Last switches", "최근 전환"],
  everyMove: ["All of them, with every step", "모든 전환과 단계 보기"],
  notSwitchable: ["Not switchable.", "전환할 수 없습니다."],
  otherServices: ["Services that cannot be switched, and why", "전환할 수 없는 서비스와 그 이유"],
  noOtherServices: ["Every Service here can be switched.", "여기 있는 서비스는 모두 전환할 수 있습니다."],
  readyPods: ["ready", "준비됨"],
  willHappen: [
    "The Service's selector changes from {key}: {from} to {key}: {to}. {from} stays as large as it is for {minutes} minutes, and one click goes back.",
    "서비스 셀렉터를 {key}: {from}에서 {key}: {to}(으)로 바꿉니다. {from} 쪽은 {minutes}분 동안 같은 크기로 유지되며, 클릭 한 번으로 되돌릴 수 있습니다.",
  ],
  willOverlap: [
    "Load balancers follow late: for {seconds} s both sides take traffic ({key} is left out of the selector), then {from} is left.",
    "로드 밸런서는 늦게 따라오므로 {seconds}초 동안 두 쪽이 함께 트래픽을 받고({key}를 셀렉터에서 뺌) 그 뒤 {from} 쪽을 떠납니다.",
  ],
  wayBack: ["way back", "되돌리기"],
  switchableHere: ["{count} Services can be switched.", "전환할 수 있는 서비스 {count}개."],
  switchableOne: ["1 Service can be switched.", "전환할 수 있는 서비스 1개."],
  createdAgo: ["created {ago}", "{ago} 생성"],
  armedAt: ["Switching was allowed on {moment}.", "{moment}에 전환이 허용되었습니다."],
  armedBy: ["Switching was allowed by {person} on {moment}.", "{person}이(가) {moment}에 전환을 허용했습니다."],
  liveSide: ["takes traffic", "트래픽을 받는 중"],
  waitingSide: ["stands by", "대기 중"],
  nobodyServed: [
    "Nobody is served: {service} leads to {side}, and none of its pods is ready.",
    "응답할 파드가 없습니다. {service} 서비스의 트래픽은 {side}(으)로 향하는데, 그쪽에 준비된 파드가 하나도 없습니다.",
  ],
  switchTo: ["Switch traffic to {side} on {cluster}", "{cluster}의 트래픽을 {side}(으)로 전환"],
  switchTogether: ["Switch {services} together to {side} on {cluster}", "{cluster}의 {services} 트래픽을 함께 {side}(으)로 전환"],
  togetherHow: [
    "One after another in this order. Where one does not succeed, those after it are not begun.",
    "이 순서대로 하나씩 전환합니다. 하나가 성공하지 못하면 그다음은 시작하지 않습니다.",
  ],
  goBackTogether: ["Go back to {side} on {cluster} with its group", "{cluster}에서 그룹과 함께 {side}(으)로 되돌리기"],
  goBack: ["Go back to {side} on {cluster}", "{cluster}의 트래픽을 {side}(으)로 되돌리기"],
  leave: ["End this switch on {cluster} and leave traffic as it is", "{cluster}의 이 전환을 끝내고 트래픽은 그대로 두기"],
  keepLonger: ["Keep the old side on {cluster} 30 minutes longer", "{cluster}의 이전 버전을 30분 더 유지"],
  keptUntil: ["The old side is kept until {time}.", "이전 버전은 {time}까지 유지됩니다."],
  left: ["{time} left", "{time} 남음"],
  heldAt: [
    "Meanwhile {kind} {name} keeps at least {number} pods ({before} before).",
    "그동안 {kind} {name}의 최소 파드 수를 {number}개로 유지합니다(이전 {before}개).",
  ],
  warmUp: ["Warm up {side} to {count} pods on {cluster}", "{cluster}의 {side} 쪽을 파드 {count}개로 준비 증설"],
  stopWarmUp: ["Stop warming up {side} on {cluster}", "{cluster}의 {side} 쪽 준비 증설 중지"],
  scaleDownHow: ["Scale {side} down", "{side} 쪽 축소"],
  scaleDown: ["Scale {side} down to 0 pods on {cluster}", "{cluster}의 {side} 쪽을 파드 0개로 축소"],
  purpose_keep: ["Keeping {side}", "{side} 유지"],
  purpose_warm_up: ["Warming up {side}", "{side} 준비 증설"],
  purpose_scale_down: ["Scaling down {side}", "{side} 축소"],
  follows: [
    "The EndpointSlices hold only {side}. Each node's proxy follows by itself, usually within a second.",
    "엔드포인트슬라이스에는 {side}만 있습니다. 각 노드의 프록시는 보통 1초 안에 따라옵니다.",
  ],
  accept: ["I understand: {sentence}", "확인했습니다: {sentence}"],
  check: ["Check a switch", "전환 점검하기"],
  checks: ["Checks", "점검"],
  checking: ["Checking …", "점검 중 …"],
  checkAgain: ["Check again", "다시 점검"],
  passed: ["{count} of {total} checks passed", "점검 {total}개 중 {count}개 통과"],
  change: ["What changes", "바뀌는 것"],
  remedy: ["Remedy: {text}", "해결: {text}"],
  rewind: ["Rewind", "되감기"],
  past: ["Past", "과거"],
  now: ["now", "현재"],
  backToNow: ["Back to now", "현재로 돌아가기"],
  asItWas: ["As it was at {moment}. Nothing here is live.", "{moment}의 모습입니다. 실시간이 아닙니다."],
  pastNotLive: ["It was not live then either: {state}.", "당시에도 실시간이 아니었습니다: {state}."],
  notInThePast: ["Not possible while the map shows the past.", "지도가 과거를 보여 주는 동안에는 할 수 없습니다."],
  nothingRecorded: ["Nothing has been recorded yet. It begins with the first picture.", "아직 기록된 것이 없습니다. 첫 화면부터 기록됩니다."],
  recordsNothing: ["This installation records nothing (CLUSTERVIEW_REWIND_HOURS is 0).", "이 설치본은 기록하지 않습니다(CLUSTERVIEW_REWIND_HOURS가 0)."],
  recordedSince: ["Recorded since {moment}.", "{moment}부터 기록되어 있습니다."],
  shownMoment: ["Moment shown", "표시할 시점"],
  minuteEarlier: ["− 1 min", "− 1분"],
  minuteLater: ["+ 1 min", "+ 1분"],
  changedSince: ["What has changed since", "그 이후 달라진 것"],
  nothingChanged: ["Nothing has changed.", "달라진 것이 없습니다."],
  appeared: ["New", "새로 생김"],
  disappeared: ["Gone", "사라짐"],
  changed: ["Changed", "변경됨"],
  andMore: ["and {count} more", "외 {count}개"],
  notWhileStale: ["Not possible while the cluster is not seen live.", "클러스터를 실시간으로 볼 수 없는 동안에는 할 수 없습니다."],
  frozen: [
    "Switching is frozen: the database was restored from an older copy and does not know what was done to {objects}. A part of the audit is missing. Look there, then arm the cluster again.",
    "전환이 멈춰 있습니다. 데이터베이스가 이전 사본에서 복원되어 {objects}에 무엇을 했는지 알지 못합니다. 감사 기록 일부가 없습니다. 그곳을 확인한 뒤 클러스터를 다시 허용하세요.",
  ],
  notArmed: ["Switching is off for {cluster} until an administrator arms it.", "관리자가 켤 때까지 {cluster}의 전환은 꺼져 있습니다."],
  readOnly: ["This installation only looks.", "이 설치본은 보기 전용입니다."],
  viewerOnly: ["Your role may look, not switch.", "현재 역할은 보기만 가능합니다."],
  arm: ["Allow switching on {cluster}", "{cluster}의 전환 허용"],
  disarm: ["Forbid switching on {cluster}", "{cluster}의 전환 금지"],
  running: ["A switch is running: {state}", "전환 진행 중: {state}"],
  noSwitches: ["No switch yet. The first one will stand here with every step.", "아직 전환이 없습니다. 첫 전환이 모든 단계와 함께 여기에 표시됩니다."],
  by: ["by {person}", "{person}"],
  open: ["Open", "열기"],
  failed: ["Could not be loaded: {why}", "불러오지 못했습니다: {why}"],
  toContent: ["Skip to the content", "본문으로 건너뛰기"],
  views: ["Views", "보기"],
  cluster: ["Cluster", "클러스터"],
  reload: ["Reload", "새로고침"],
  gone: ["It is not there any more, or never was.", "더 이상 없거나 처음부터 없던 항목입니다."],
  writtenBy: ["written by", "작성 주체"],
  version: ["Version", "버전"],
  leaderIs: ["Leader", "리더"],
  more: ["{count} more", "{count}개 더 있음"],
  mayEvict: ["{count} may be evicted", "{count}개 축출 가능"],
  endpoints: ["{count} of {total} endpoints", "엔드포인트 {total}개 중 {count}개"],
  loading: ["Loading …", "불러오는 중 …"],
  service: ["Service", "서비스"],
  fromTo: ["From → to", "이전 → 이후"],
  state: ["State", "상태"],
  who: ["Who", "누가"],
  what: ["What", "무엇을"],
  when: ["When", "언제"],
  entries: ["Audit entries", "감사 기록"],
  allSwitches: ["All switches", "모든 전환"],
  switchOf: ["{service}: {from} → {to}", "{service}: {from} → {to}"],
  refused: ["Refused: {sentence}", "거부됨: {sentence}"],
  command: ["The same with kubectl", "kubectl로 하는 같은 일"],
  details: ["Details", "자세히"],
  language: ["한국어", "English"],
  theme: ["Light or dark", "밝게/어둡게"],
  signed_out: ["You are signed out. Sign in again.", "로그아웃되었습니다. 다시 로그인하세요."],
  ended: ["The page was disconnected. Reload it.", "연결이 끊겼습니다. 새로고침하세요."],
} as const satisfies Record<string, readonly [string, string]>;

export type Word = keyof typeof WORDS;

export function chosen(cookies: string, given: string): Language {
  const language = /(?:^|;\s*)django_language=(en|ko)/.exec(cookies)?.[1] ?? given;
  return language.startsWith("ko") ? "ko" : "en";
}

export const language = signal<Language>(chosen(typeof document === "undefined" ? "" : document.cookie, page.language));

export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
}

export function t(word: Word, values: Readonly<Record<string, string | number>> = {}): string {
  return fill(inLanguage(WORDS[word]), values);
}

/** The one of a pair, English and Korean, that the reader reads. */
export function inLanguage(pair: readonly [string, string]): string {
  return pair[language.value === "ko" ? 1 : 0];
}

export function isWord(text: string): text is Word {
  return Object.hasOwn(WORDS, text);
}

export function speak(next: Language): void {
  document.cookie = `django_language=${next}; path=/; max-age=31536000; samesite=lax`;
  document.documentElement.lang = next;
  language.value = next;
}
