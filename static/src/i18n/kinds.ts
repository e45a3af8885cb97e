/** What a kind of object is called: Kubernetes' own name, in Korean after the word that its documentation has for it. */
import { language, t } from "./words";

const KOREAN: Readonly<Record<string, string>> = {
  Namespace: "네임스페이스", Node: "노드", Pod: "파드", Service: "서비스", EndpointSlice: "엔드포인트슬라이스", Ingress: "인그레스", Gateway: "게이트웨이",
  Deployment: "디플로이먼트", ReplicaSet: "레플리카셋", StatefulSet: "스테이트풀셋", DaemonSet: "데몬셋", Job: "잡", CronJob: "크론잡",
  PersistentVolume: "퍼시스턴트볼륨", PersistentVolumeClaim: "퍼시스턴트볼륨클레임", StorageClass: "스토리지클래스", Lease: "리스",
};

export function kindWord(kind: string): string {
  if (kind === "ControlPlanePart") return t("controlPlane");
  const korean = language.value === "ko" && Object.hasOwn(KOREAN, kind) ? `${KOREAN[kind]} ` : "";
  return korean + kind;
}
