/**
 * The preflight's checks in Korean, by code and level: what is said, and the remedy. The English ones come from the server, which says the
 * same to REST. What blocks a switch, or warns of it, is only told (`info`) on a way back.
 */
import type { Application, Check, Recipe } from "../state/rest";
import { fill, language } from "./words";

const KOREAN: Readonly<Record<string, readonly [string, string]>> = {
  "selectorless:ok": ["서비스에 셀렉터가 있습니다.", ""],
  "selectorless:block": ["서비스에 셀렉터가 없습니다. 엔드포인트를 다른 주체가 관리하며, 셀렉터를 넣으면 그것이 바뀝니다.", "엔드포인트를 관리하는 곳에서 전환하세요."],
  "external-name:ok": ["서비스가 파드로 연결됩니다.", ""],
  "external-name:block": ["ExternalName 서비스는 DNS 별칭이라 셀렉터를 쓰지 않습니다.", "spec.externalName을 바꾸세요."],
  "deleting:block": ["서비스를 삭제하는 중입니다.", "다시 만들어질 때까지 기다리세요."],
  "headless-statefulset:ok": ["스테이트풀셋 파드의 이름을 정하는 서비스가 아닙니다.", ""],
  "headless-statefulset:block": ["스테이트풀셋의 헤드리스 서비스입니다. 파드의 이름이 여기서 나옵니다.", "파드 앞에 ClusterIP 서비스를 두고 그 서비스를 전환하세요."],
  "headless:warn": ["헤드리스 서비스입니다. 클라이언트가 DNS의 파드 주소를 기억하므로 캐시가 지나야 옮겨 갑니다.", "앞에 ClusterIP 서비스를 두거나, 클라이언트가 다시 조회할 때까지 이전 버전을 유지하세요."],
  "pod-template-hash:ok": ["셀렉터가 pod-template-hash를 쓰지 않습니다.", ""],
  "pod-template-hash:block": ["셀렉터가 pod-template-hash를 씁니다. 다음 롤아웃 뒤에는 아무것도 선택하지 않습니다.", "slot처럼 변하지 않는 레이블로 두 쪽을 구분하세요."],
  "no-op:ok": ["두 쪽은 서로 다른 파드입니다.", ""],
  "no-op:block": ["{to} 쪽이 이미 트래픽을 받습니다.", "다른 쪽을 고르세요."],
  "target-missing:block": ["{key}={to}인 워크로드도 파드도 없습니다.", "그쪽을 먼저 배포하세요."],
  "no-ready:ok": ["{to} 파드 {ready}개가 준비되었습니다.", ""],
  "no-ready:block": ["{to} 쪽에 준비된 파드가 없습니다. 모든 요청이 실패합니다.", "{to} 파드가 준비될 때까지 기다리거나 원인을 확인하세요."],
  "unread:block": ["{namespace}에서 {resources} 목록을 읽지 못해 크기를 바꾸면 어떻게 될지 알 수 없습니다.", "권한을 주세요. `manage.py rbac`가 매니페스트를 출력합니다."],
  "one-workload:ok": ["{side} 쪽 뒤에 워크로드가 하나 있습니다.", ""],
  "one-workload:block": ["{side} 쪽 레이블을 가진 워크로드가 {count}개라 무엇을 조정할지 정할 수 없습니다.", "직접 조정하세요."],
  "side-live:ok": ["{side} 쪽에는 이 서비스의 트래픽이 없습니다.", ""],
  "side-live:block": ["서비스가 {side} 쪽을 가리킵니다. 그 파드가 필요합니다.", "먼저 다른 쪽으로 전환하세요."],
  "not-smaller:ok": ["{side} 쪽 파드를 {now}개에서 {replicas}개로 줄입니다.", ""],
  "not-smaller:block": ["{side} 쪽 파드는 {now}개로, {replicas}개보다 많지 않습니다.", "더 작은 수를 고르세요."],
  "autoscaled:ok": ["{side} 쪽 크기를 정하는 오토스케일러가 없습니다.", ""],
  "autoscaled:block": ["오토스케일러 {names}가 {side} 쪽 크기를 정합니다. 파드가 0개면 아예 멈추고, 다른 수로 바꿔도 다시 바꿉니다.", "유지가 끝나면 오토스케일러가 {side} 쪽을 줄입니다. 그대로 두거나 먼저 오토스케일러를 지우세요."],
  "others-lead-here:ok": ["{side} 쪽만 가리키는 다른 서비스가 없습니다.", ""],
  "others-lead-here:block": ["다른 서비스가 {side} 쪽만 가리킵니다: {services}.", "먼저 그 서비스를 전환하세요."],
  "warm:ok": ["{side} 쪽에서 준비된 파드는 {ready}개이고 {target}개로 늘립니다.", ""],
  "warm:block": ["{side} 쪽에는 준비된 파드가 {ready}개로 필요한 만큼({target}개) 있습니다.", "전환하세요."],
  "autoscaler-most:ok": ["{side} 쪽을 {target}개 아래로 묶는 오토스케일러가 없습니다.", ""],
  "autoscaler-most:block": ["{side} 쪽 오토스케일러가 파드 {target}개를 허용하지 않습니다({names}).", "maxReplicas를 {target} 이상으로 올리세요."],
  "quota-full:ok": ["지금 쓰인 만큼으로는 {side} 쪽이 {target}개로 늘어나는 것을 막는 쿼터가 없습니다.", ""],
  "quota-full:block": ["쿼터가 다 찼습니다({quotas}). {side} 쪽이 {target}개로 늘 수 없습니다.", "쿼터를 늘리거나 필요 없는 것을 지우세요."],
  "green-smaller:ok": ["{to} 쪽이 {from} 쪽만큼 큽니다. 준비된 파드: {ready}개, 지금 {live}개.", ""],
  "green-smaller:block": ["{to} 쪽은 준비된 파드가 {ready}개, {from} 쪽은 {live}개입니다. {to} 쪽에 과부하가 걸립니다.", "{to} 쪽을 준비된 파드 {live}개 이상으로 늘리세요."],
  "third-workload:ok": ["새 셀렉터는 새 버전의 파드만 선택합니다.", ""],
  "third-workload:block": ["{selector}가 새 버전이 아닌 파드도 선택합니다.", "여기 적힌 파드의 레이블을 바꾸거나 파드를 지우세요."],
  "port-missing:ok": ["새 버전에 서비스의 모든 포트가 있습니다.", ""],
  "port-missing:block": ["새 버전에 {ports} 이름의 컨테이너 포트가 없습니다.", "새 버전 파드 템플릿에 포트 이름을 넣으세요."],
  "port-number:info": ["포트 {port}의 번호가 새 버전은 {to}, 이전 버전은 {from}입니다.", ""],
  "publish-not-ready:block": ["준비되지 않은 파드도 서비스에 들어가므로 준비성 프로브가 보호하지 못합니다.", "publishNotReadyAddresses를 false로 두세요."],
  "owner:ok": ["이 서비스를 자기 상태로 유지하는 알려진 도구가 없습니다.", ""],
  "owner:warn": ["{owner}가 이 서비스를 관리합니다({sign}). 이전 셀렉터로 되돌릴 수 있습니다.", "{owner}가 spec.selector를 건드리지 않게 하거나, 원본에도 같은 변경을 하세요."],
  "owner:block": ["{owner}가 이 서비스의 셀렉터를 직접 바꿉니다({sign}).", "{owner}에서 승격하거나 중단하세요."],
  "ssa-owner:ok": ["이 셀렉터를 서버 측에서 적용하는 주체가 없습니다.", ""],
  "ssa-owner:warn": ["{manager}가 이 셀렉터를 서버 측 적용으로 관리합니다. 다음 적용은 충돌합니다.", "적용하는 매니페스트의 셀렉터도 바꾸거나 --force-conflicts로 적용하세요."],
  "session-affinity:warn": ["서비스가 클라이언트를 한 파드에 묶습니다(sessionAffinity: ClientIP). 이전 파드 메모리의 세션은 사라집니다.", "세션이 유지되는지 확인하거나 손실을 받아들이세요."],
  "external-traffic-policy:warn": ["externalTrafficPolicy가 Local입니다. 지금 응답하는 노드 {nodes}개 중 {shared}개에 새 버전의 준비된 파드가 있습니다. 나머지는 로드 밸런서가 나중에 알게 됩니다.", "새 버전을 같은 노드에서 실행하거나 몇 초의 연결 거부를 받아들이세요."],
  "internal-traffic-policy:warn": ["internalTrafficPolicy가 Local입니다. 새 버전의 준비된 파드가 없는 노드의 클라이언트는 응답을 받지 못합니다(노드 {nodes}개 중 {shared}개에 있음).", "새 버전을 같은 노드에서 실행하세요."],
  "missing-right:ok": ["Clusterview에 전환에 필요한 권한이 모두 있습니다.", ""],
  "missing-right:block": ["Clusterview에 {namespace}의 {resource}에 대한 {verb} 권한이 없습니다.", "권한을 주세요. `manage.py rbac --switch {namespace}`가 매니페스트를 출력합니다."],
  "dry-run:ok": ["API 서버가 시험 실행에서 패치를 받아들였습니다.", ""],
  "dry-run:block": ["API 서버가 패치를 거부합니다: {answer}", "거부하는 원인을 바꾼 뒤 다시 시도하세요."],
  "owner-quiet:info": ["{owner}가 이 서비스를 관리하지만 건드리지 않도록 설정되어 있습니다({sign}).", ""],
  "ip-targets:warn": ["로드 밸런서가 파드 주소로 직접 보냅니다({sign}). 대상은 다른 컨트롤러가 바꾸므로 수십 초가 걸리고 끊길 수 있습니다.", "대상이 바뀔 때까지 이전 버전을 유지하고, 한가한 시간에 전환하세요."],
  "ip-targets:info": ["로드 밸런서가 파드 주소로 직접 보냅니다({sign}). 대상은 수십 초 뒤에 따라옵니다.", ""],
  "udp:info": ["UDP({ports}): {from} 파드에 엔드포인트가 있는 동안 클라이언트가 그 파드에 남을 수 있습니다.", ""],
  "traffic-distribution:info": ["트래픽을 클라이언트 가까이에 둡니다({value}). {to} 파드가 적은 영역이나 노드에서는 몫이 고르지 않습니다.", ""],
  "dual-stack:info": ["서비스에 주소 체계가 둘 있습니다({families}). 양쪽 엔드포인트가 모두 따라와야 합니다.", ""],
  "unscheduled:warn": ["{to} 파드 {count}개에 노드가 없습니다. 클러스터에 자리가 없습니다.", "자리를 마련하거나 {to} 쪽의 요청이나 레플리카를 줄이세요."],
  "unscheduled:info": ["{to} 파드 {count}개에 노드가 없습니다.", ""],
  "key-in-template:ok": ["두 쪽의 파드 템플릿에 {key} 레이블이 있습니다.", ""],
  "key-in-template:warn": ["파드에는 {key} 레이블이 있지만 워크로드의 템플릿에는 없습니다. 다음 롤아웃 뒤에는 그쪽에 속하지 않습니다.", "파드 템플릿에 레이블을 넣으세요. 바꿀 수 없는 spec.selector에도 있어야 한다면 워크로드를 새로 만드세요."],
  "overlapping-selectors:info": ["이 워크로드의 셀렉터가 다른 쪽 파드도 선택합니다. 오토스케일러는 양쪽을 함께 셉니다.", ""],
  "shared-config:ok": ["두 쪽의 파드가 함께 마운트하는 컨피그맵, 시크릿, 클레임이 없습니다(환경 변수는 읽지 않습니다).", ""],
  "shared-config:info": ["두 쪽이 함께 마운트하는 것이 있습니다: {names}. 한 버전이 바꾼 것을 유지하는 동안 다른 버전도 이해해야 합니다. 함께 쓰는 데이터베이스도 같습니다.", ""],
  "namespace-terminating:ok": ["네임스페이스를 삭제하는 중이 아닙니다.", ""],
  "namespace-terminating:block": ["네임스페이스를 삭제하는 중이라({namespace}) 새 엔드포인트슬라이스를 만들 수 없습니다.", "다른 네임스페이스에 배포하세요."],
  "kept-endpoints:ok": ["서비스의 모든 엔드포인트가 셀렉터를 따릅니다.", ""],
  "kept-endpoints:block": ["셀렉터를 따르지 않는 엔드포인트가 트래픽 일부를 받으며 전환한 뒤에도 그대로입니다: {names} ({keepers}).", "이 EndpointSlice를 지우거나, 그것을 관리하는 곳에서 한쪽만 가리키게 하세요."],
  "same-pods:ok": ["{from} 쪽으로만 연결되는 다른 서비스가 없습니다.", ""],
  "same-pods:warn": ["같은 파드로 연결되는 다른 서비스는 {from} 쪽에 남습니다: {services}.", "그 서비스도 차례로 전환하세요."],
  "same-pods:info": ["이 서비스와 같은 파드로 연결되던 다른 서비스가 있습니다: {services}.", ""],
  "old-side-only:ok": ["{from} 쪽의 오토스케일러, 중단 예산, 정책, 모니터가 {to} 쪽에도 있습니다.", ""],
  "old-side-only:warn": ["{from} 쪽에만 있습니다: {names}. {to} 파드는 이것 없이 실행되거나 차단됩니다.", "{to} 쪽에도 같은 것을 만들거나 두 쪽을 모두 선택하게 하세요."],
  "old-side-only:info": ["{from} 쪽에만 있습니다: {names}.", ""],
  "quota:ok": ["다 쓴 리소스쿼터가 없습니다.", ""],
  "quota:warn": ["{to} 쪽이 지금보다 많은 파드를 원하지만 쿼터를 다 썼습니다({quotas}).", "쿼터를 늘리거나 필요 없는 것을 지우세요."],
  "quota:info": ["쿼터를 다 썼습니다({quotas}). {to} 쪽은 늘어날 수 없습니다.", ""],
  "unread:info": ["Clusterview가 {namespace}의 {resources} 목록을 읽지 못해 새 버전에 미치는 영향을 알 수 없습니다. `manage.py rbac`가 권한을 출력합니다.", ""],
  "external-traffic-policy:info": ["externalTrafficPolicy가 Local입니다. 로드 밸런서는 각자의 주기에 따라 옮겨 갑니다.", ""],
  "internal-traffic-policy:info": ["internalTrafficPolicy가 Local입니다. 파드가 있는 노드의 클라이언트만 응답을 받습니다.", ""],
  "long-lived:info": ["열려 있는 연결은 닫힐 때까지 {from} 쪽에 남고 새 연결만 옮겨 갑니다.", ""],
};

/** Why an application cannot be switched at all, in Korean: the sentence and what would change that. The server says both in English. */
const WHY_NOT: Readonly<Record<string, readonly [string, string]>> = {
  "external-name": ["ExternalName 서비스는 DNS 별칭이라 셀렉터를 쓰지 않습니다.", "spec.externalName을 바꾸세요."],
  "selectorless": ["서비스에 셀렉터가 없습니다. 엔드포인트를 다른 주체가 관리합니다.", "엔드포인트를 관리하는 곳에서 전환하세요."],
  "owner": ["{owner}가 이 서비스의 트래픽을 직접 옮깁니다({sign}).", "{owner}에서 승격하거나 중단하세요."],
  "headless-statefulset": ["이 헤드리스 서비스가 스테이트풀셋 파드의 이름을 정합니다.", "파드 앞에 ClusterIP 서비스를 두고 그 서비스를 전환하세요."],
  "pod-template-hash": ["두 버전을 해시로만 구분합니다. 해시는 다음 롤아웃에서 바뀝니다.", "slot처럼 변하지 않는 레이블로 구분하세요."],
  "third-workload": ["같은 쪽의 레이블을 가진 워크로드가 둘 이상입니다.", "워크로드마다 다른 값을 주거나 남은 워크로드를 지우세요."],
  "route": ["인그레스 {ingress}가 이 서비스로, {sibling} 서비스가 다른 버전으로 연결됩니다. 라우트로 전환하는 기능은 아직 없습니다.", "두 버전 앞에 서비스 하나를 두고 셀렉터에 slot 같은 레이블을 넣으세요."],
  "ratio": ["서비스가 {key}로 구분되는 두 버전으로 동시에 연결됩니다. 파드 수로 옮기는 기능은 아직 없습니다.", "트래픽 전체를 한 번에 전환하려면 서비스의 셀렉터에 {key} 레이블을 넣으세요."],
  "annotation-key": ["어노테이션 clusterview.io/blue-green에 적힌 키 {key}로는 이 서비스 뒤의 두 워크로드를 구분할 수 없습니다.", "서비스의 셀렉터에 있고 두 워크로드에서 값이 다른 키를 쓰세요."],
  "several-keys": ["다른 버전은 셀렉터의 레이블이 둘 이상 다릅니다: {keys}.", "서비스의 셀렉터에 하나만 남기세요."],
  "alike": ["서비스 뒤에 워크로드가 여럿 있지만 버전을 구분하는 레이블이 없습니다: {workloads}.", "버전마다 파드 템플릿에 slot 같은 레이블을 넣은 뒤 서비스의 셀렉터에도 넣으세요."],
  "one-side": ["한 버전만 있습니다: {key}={value}인 {workload}.", "레이블이 같고 {key} 값만 다른 버전을 배포하세요."],
  "no-key": ["셀렉터 {selector}에 버전을 구분하는 레이블이 없고, 뒤에는 {workload}만 있습니다.", "두 버전의 파드 템플릿에 slot 같은 레이블을 넣은 뒤 서비스의 셀렉터에도 넣으세요."],
  "no-workload": ["{selector}인 디플로이먼트도 스테이트풀셋도 없습니다.", "디플로이먼트나 스테이트풀셋 사이에서 전환합니다. 버전마다 하나씩 배포하세요."],
};

/** What to write so that another tool leaves the selector alone: the title, and what is to be known before. */
const RECIPES: Readonly<Record<string, readonly [string, string]>> = {
  "argo-cd": ["Argo CD: 셀렉터를 건드리지 않게 하기", "Application에 추가하세요. RespectIgnoreDifferences가 없으면 동기화할 때 셀렉터를 다시 씁니다."],
  "flux-ignore": ["Flux 2.9 이상: 셀렉터를 건드리지 않게 하기", "Kustomization에 추가하세요. 서비스의 나머지는 계속 조정합니다."],
  "flux-reconcile": ["Flux: 서비스를 건드리지 않게 하기", "어노테이션은 Git이 아니라 클러스터에 넣으세요. Git에 넣으면 Flux가 서비스를 만들지 않습니다. 지울 때까지 서비스 전체를 조정하지 않습니다."],
  "flux-patches": ["Flux: Kustomization에 새 셀렉터 쓰기", "Flux가 같은 셀렉터를 씁니다. 전환할 때마다 바꾸세요."],
  "flux-helm": ["Flux: 셀렉터의 드리프트를 고치지 않게 하기", "HelmRelease에 추가하세요. 릴리스를 업그레이드하면 차트의 셀렉터를 그대로 씁니다."],
  "flux-post-render": ["Flux: HelmRelease에 새 셀렉터 쓰기", "업그레이드할 때마다 같은 셀렉터를 씁니다. 전환할 때마다 바꾸세요."],
  "helm": ["Helm: 차트 값에 새 셀렉터 쓰기", "다음 업그레이드는 차트대로 씁니다. `helm template`이 이 셀렉터를 출력하도록 값을 정하세요."],
  "kustomize": ["Kustomize: 새 셀렉터를 패치로 쓰기", "오버레이에 패치를 추가하고 전환할 때마다 바꾸세요."],
  "config-sync": ["Config Sync: 서비스를 건드리지 않게 하기", "원본 매니페스트에 어노테이션을 추가하세요. 이미 있는 서비스를 바꾸지 않습니다."],
  "server-side-apply": ["서버 측 적용: 매니페스트에 새 셀렉터 쓰기", "전환할 때마다 매니페스트에서 바꾸세요. 빼면 안 됩니다. 셀렉터의 소유자가 셀렉터를 빼고 적용하면 서비스에서 셀렉터가 지워집니다."],
  "manifest": ["매니페스트에 새 셀렉터 쓰기", "서비스를 적용하는 곳에서 바꾸세요. 다음 적용이 같은 셀렉터를 씁니다."],
};

export function sentenceOf(check: Check): string {
  return said(check, 0) || check.sentence || check.code;
}

/** What to do about it; empty where there is nothing to do. */
export function remedyOf(check: Check): string {
  if (check.level === "ok" || check.level === "info") return "";
  return said(check, 1) || check.remedy || "";
}

/** Why an application cannot be switched, and what would change that; empty where nothing stands against it. */
export function whyNot(application: Application): string {
  const { why_not: code, why_not_params: params, why_not_sentence: sentence, why_not_remedy: remedy } = application;
  if (!code) return "";
  const korean = language.value === "ko" ? WHY_NOT[code] : undefined;
  const words = korean ? korean.map((one) => fill(one, params)) : [sentence || code, remedy];
  return words.filter(Boolean).join(" ");
}

/** A recipe's title and note in the reader's language. */
export function wordsOf(recipe: Recipe): readonly [string, string] {
  return (language.value === "ko" && RECIPES[recipe.code]) || [recipe.title, recipe.note];
}

function said(check: Check, which: 0 | 1): string {
  if (language.value !== "ko") return "";
  const levels = check.level === "info" ? ["info", "block", "warn"] : [check.level];
  const found = levels.map((level) => KOREAN[`${check.code}:${level}`]).find(Boolean);
  return found ? fill(found[which], check.params) : "";
}
