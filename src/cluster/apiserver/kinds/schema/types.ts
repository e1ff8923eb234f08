/** Written by scripts/generate-schemas.ts from Kubernetes 1.36; change that, not this. The notation is explained in parse.ts. */
// biome-ignore format: one long text
export const typesText = `apps.DaemonSet
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 spec apps.DaemonSetSpec
 status apps.DaemonSetStatus
apps.DaemonSetCondition
 lastTransitionTime date-time
 message string
 reason string
 status! string
 type! string
apps.DaemonSetSpec
 minReadySeconds int32
 revisionHistoryLimit int32
 selector! meta.LabelSelector
 template! core.PodTemplateSpec
 updateStrategy apps.DaemonSetUpdateStrategy
apps.DaemonSetStatus
 collisionCount int32
 conditions [apps.DaemonSetCondition] merge=type
 currentNumberScheduled! int32
 desiredNumberScheduled! int32
 numberAvailable int32
 numberMisscheduled! int32
 numberReady! int32
 numberUnavailable int32
 observedGeneration int64
 updatedNumberScheduled int32
apps.DaemonSetUpdateStrategy
 rollingUpdate apps.RollingUpdateDaemonSet
 type string
apps.Deployment
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 spec apps.DeploymentSpec
 status apps.DeploymentStatus
apps.DeploymentCondition
 lastTransitionTime date-time
 lastUpdateTime date-time
 message string
 reason string
 status! string
 type! string
apps.DeploymentSpec
 minReadySeconds int32
 paused boolean
 progressDeadlineSeconds int32
 replicas int32
 revisionHistoryLimit int32
 selector! meta.LabelSelector
 strategy apps.DeploymentStrategy retainKeys
 template! core.PodTemplateSpec
apps.DeploymentStatus
 availableReplicas int32
 collisionCount int32
 conditions [apps.DeploymentCondition] merge=type
 observedGeneration int64
 readyReplicas int32
 replicas int32
 terminatingReplicas int32
 unavailableReplicas int32
 updatedReplicas int32
apps.DeploymentStrategy
 rollingUpdate apps.RollingUpdateDeployment
 type string
apps.ReplicaSet
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 spec apps.ReplicaSetSpec
 status apps.ReplicaSetStatus
apps.ReplicaSetCondition
 lastTransitionTime date-time
 message string
 reason string
 status! string
 type! string
apps.ReplicaSetSpec
 minReadySeconds int32
 replicas int32
 selector! meta.LabelSelector
 template core.PodTemplateSpec
apps.ReplicaSetStatus
 availableReplicas int32
 conditions [apps.ReplicaSetCondition] merge=type
 fullyLabeledReplicas int32
 observedGeneration int64
 readyReplicas int32
 replicas! int32
 terminatingReplicas int32
apps.RollingUpdateDaemonSet
 maxSurge int-or-string
 maxUnavailable int-or-string
apps.RollingUpdateDeployment
 maxSurge int-or-string
 maxUnavailable int-or-string
authentication.BoundObjectReference
 apiVersion string
 kind string
 name string
 uid string
authentication.SelfSubjectReview
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 status authentication.SelfSubjectReviewStatus
authentication.SelfSubjectReviewStatus
 userInfo authentication.UserInfo
authentication.TokenRequest
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 spec authentication.TokenRequestSpec
 status authentication.TokenRequestStatus
authentication.TokenRequestSpec
 audiences [string]
 boundObjectRef authentication.BoundObjectReference
 expirationSeconds int64
authentication.TokenRequestStatus
 expirationTimestamp date-time
 token string
authentication.TokenReview
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 spec! authentication.TokenReviewSpec
 status authentication.TokenReviewStatus
authentication.TokenReviewSpec
 audiences [string]
 token! string
authentication.TokenReviewStatus
 audiences [string]
 authenticated boolean
 error string
 user authentication.UserInfo
authentication.UserInfo
 extra {[string]}
 groups [string]
 uid string
 username string
authorization.FieldSelectorAttributes
 rawSelector string
 requirements [meta.FieldSelectorRequirement]
authorization.LabelSelectorAttributes
 rawSelector string
 requirements [meta.LabelSelectorRequirement]
authorization.LocalSubjectAccessReview
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 spec! authorization.SubjectAccessReviewSpec
 status authorization.SubjectAccessReviewStatus
authorization.NonResourceAttributes
 path string
 verb string
authorization.NonResourceRule
 nonResourceURLs [string]
 verbs! [string]
authorization.ResourceAttributes
 fieldSelector authorization.FieldSelectorAttributes
 group string
 labelSelector authorization.LabelSelectorAttributes
 name string
 namespace string
 resource string
 subresource string
 verb string
 version string
authorization.ResourceRule
 apiGroups [string]
 resourceNames [string]
 resources [string]
 verbs! [string]
authorization.SelfSubjectAccessReview
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 spec! authorization.SelfSubjectAccessReviewSpec
 status authorization.SubjectAccessReviewStatus
authorization.SelfSubjectAccessReviewSpec
 nonResourceAttributes authorization.NonResourceAttributes
 resourceAttributes authorization.ResourceAttributes
authorization.SelfSubjectRulesReview
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 spec! authorization.SelfSubjectRulesReviewSpec
 status authorization.SubjectRulesReviewStatus
authorization.SelfSubjectRulesReviewSpec
 namespace string
authorization.SubjectAccessReview
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 spec! authorization.SubjectAccessReviewSpec
 status authorization.SubjectAccessReviewStatus
authorization.SubjectAccessReviewSpec
 extra {[string]}
 groups [string]
 nonResourceAttributes authorization.NonResourceAttributes
 resourceAttributes authorization.ResourceAttributes
 uid string
 user string
authorization.SubjectAccessReviewStatus
 allowed! boolean
 denied boolean
 evaluationError string
 reason string
authorization.SubjectRulesReviewStatus
 evaluationError string
 incomplete! boolean
 nonResourceRules! [authorization.NonResourceRule]
 resourceRules! [authorization.ResourceRule]
autoscaling.Scale
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 spec autoscaling.ScaleSpec
 status autoscaling.ScaleStatus
autoscaling.ScaleSpec
 replicas int32
autoscaling.ScaleStatus
 replicas! int32
 selector string
coordination.Lease
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 spec coordination.LeaseSpec
coordination.LeaseSpec
 acquireTime micro-time
 holderIdentity string
 leaseDurationSeconds int32
 leaseTransitions int32
 preferredHolder string
 renewTime micro-time
 strategy string
core.AWSElasticBlockStoreVolumeSource
 fsType string
 partition int32
 readOnly boolean
 volumeID! string
core.Affinity
 nodeAffinity core.NodeAffinity
 podAffinity core.PodAffinity
 podAntiAffinity core.PodAntiAffinity
core.AppArmorProfile
 localhostProfile string
 type! string
core.AttachedVolume
 devicePath! string
 name! string
core.AzureDiskVolumeSource
 cachingMode string
 diskName! string
 diskURI! string
 fsType string
 kind string
 readOnly boolean
core.AzureFileVolumeSource
 readOnly boolean
 secretName! string
 shareName! string
core.Binding
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 target! core.ObjectReference
core.CSIVolumeSource
 driver! string
 fsType string
 nodePublishSecretRef core.LocalObjectReference
 readOnly boolean
 volumeAttributes {string}
core.Capabilities
 add [string]
 drop [string]
core.CephFSVolumeSource
 monitors! [string]
 path string
 readOnly boolean
 secretFile string
 secretRef core.LocalObjectReference
 user string
core.CinderVolumeSource
 fsType string
 readOnly boolean
 secretRef core.LocalObjectReference
 volumeID! string
core.ClientIPConfig
 timeoutSeconds int32
core.ClusterTrustBundleProjection
 labelSelector meta.LabelSelector
 name string
 optional boolean
 path! string
 signerName string
core.ConfigMap
 apiVersion string
 binaryData {byte}
 data {string}
 immutable boolean
 kind string
 metadata meta.ObjectMeta
core.ConfigMapEnvSource
 name string
 optional boolean
core.ConfigMapKeySelector
 key! string
 name string
 optional boolean
core.ConfigMapNodeConfigSource
 kubeletConfigKey! string
 name! string
 namespace! string
 resourceVersion string
 uid string
core.ConfigMapProjection
 items [core.KeyToPath]
 name string
 optional boolean
core.ConfigMapVolumeSource
 defaultMode int32
 items [core.KeyToPath]
 name string
 optional boolean
core.Container
 args [string] atomic
 command [string] atomic
 env [core.EnvVar] merge=name
 envFrom [core.EnvFromSource] atomic
 image string
 imagePullPolicy string
 lifecycle core.Lifecycle
 livenessProbe core.Probe
 name! string
 ports [core.ContainerPort] merge=containerPort keys=containerPort,protocol
 readinessProbe core.Probe
 resizePolicy [core.ContainerResizePolicy] atomic
 resources core.ResourceRequirements
 restartPolicy string
 restartPolicyRules [core.ContainerRestartRule]
 securityContext core.SecurityContext
 startupProbe core.Probe
 stdin boolean
 stdinOnce boolean
 terminationMessagePath string
 terminationMessagePolicy string
 tty boolean
 volumeDevices [core.VolumeDevice] merge=devicePath
 volumeMounts [core.VolumeMount] merge=mountPath
 workingDir string
core.ContainerExtendedResourceRequest
 containerName! string
 requestName! string
 resourceName! string
core.ContainerImage
 names [string]
 sizeBytes int64
core.ContainerPort
 containerPort! int32
 hostIP string
 hostPort int32
 name string
 protocol string
core.ContainerResizePolicy
 resourceName! string
 restartPolicy! string
core.ContainerRestartRule
 action! string
 exitCodes core.ContainerRestartRuleOnExitCodes
core.ContainerRestartRuleOnExitCodes
 operator! string
 values [int32]
core.ContainerState
 running core.ContainerStateRunning
 terminated core.ContainerStateTerminated
 waiting core.ContainerStateWaiting
core.ContainerStateRunning
 startedAt date-time
core.ContainerStateTerminated
 containerID string
 exitCode! int32
 finishedAt date-time
 message string
 reason string
 signal int32
 startedAt date-time
core.ContainerStateWaiting
 message string
 reason string
core.ContainerStatus
 allocatedResources {quantity}
 allocatedResourcesStatus [core.ResourceStatus]
 containerID string
 image! string
 imageID! string
 lastState core.ContainerState
 name! string
 ready! boolean
 resources core.ResourceRequirements
 restartCount! int32
 started boolean
 state core.ContainerState
 stopSignal string
 user core.ContainerUser
 volumeMounts [core.VolumeMountStatus] merge=mountPath
core.ContainerUser
 linux core.LinuxContainerUser
core.DaemonEndpoint
 Port! int32
core.DownwardAPIProjection
 items [core.DownwardAPIVolumeFile]
core.DownwardAPIVolumeFile
 fieldRef core.ObjectFieldSelector
 mode int32
 path! string
 resourceFieldRef core.ResourceFieldSelector
core.DownwardAPIVolumeSource
 defaultMode int32
 items [core.DownwardAPIVolumeFile]
core.EmptyDirVolumeSource
 medium string
 sizeLimit quantity
core.EndpointAddress
 hostname string
 ip! string
 nodeName string
 targetRef core.ObjectReference
core.EndpointPort
 appProtocol string
 name string
 port! int32
 protocol string
core.EndpointSubset
 addresses [core.EndpointAddress] atomic
 notReadyAddresses [core.EndpointAddress] atomic
 ports [core.EndpointPort] atomic
core.Endpoints
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 subsets [core.EndpointSubset] atomic
core.EnvFromSource
 configMapRef core.ConfigMapEnvSource
 prefix string
 secretRef core.SecretEnvSource
core.EnvVar
 name! string
 value string
 valueFrom core.EnvVarSource
core.EnvVarSource
 configMapKeyRef core.ConfigMapKeySelector
 fieldRef core.ObjectFieldSelector
 fileKeyRef core.FileKeySelector
 resourceFieldRef core.ResourceFieldSelector
 secretKeyRef core.SecretKeySelector
core.EphemeralContainer
 args [string] atomic
 command [string] atomic
 env [core.EnvVar] merge=name
 envFrom [core.EnvFromSource] atomic
 image string
 imagePullPolicy string
 lifecycle core.Lifecycle
 livenessProbe core.Probe
 name! string
 ports [core.ContainerPort] merge=containerPort keys=containerPort,protocol
 readinessProbe core.Probe
 resizePolicy [core.ContainerResizePolicy] atomic
 resources core.ResourceRequirements
 restartPolicy string
 restartPolicyRules [core.ContainerRestartRule]
 securityContext core.SecurityContext
 startupProbe core.Probe
 stdin boolean
 stdinOnce boolean
 targetContainerName string
 terminationMessagePath string
 terminationMessagePolicy string
 tty boolean
 volumeDevices [core.VolumeDevice] merge=devicePath
 volumeMounts [core.VolumeMount] merge=mountPath
 workingDir string
core.EphemeralVolumeSource
 volumeClaimTemplate core.PersistentVolumeClaimTemplate
core.Event
 action string
 apiVersion string
 count int32
 eventTime micro-time
 firstTimestamp date-time
 involvedObject! core.ObjectReference
 kind string
 lastTimestamp date-time
 message string
 metadata! meta.ObjectMeta
 reason string
 related core.ObjectReference
 reportingComponent string
 reportingInstance string
 series core.EventSeries
 source core.EventSource
 type string
core.EventSeries
 count int32
 lastObservedTime micro-time
core.EventSource
 component string
 host string
core.ExecAction
 command [string]
core.FCVolumeSource
 fsType string
 lun int32
 readOnly boolean
 targetWWNs [string]
 wwids [string]
core.FileKeySelector
 key! string
 optional boolean
 path! string
 volumeName! string
core.FlexVolumeSource
 driver! string
 fsType string
 options {string}
 readOnly boolean
 secretRef core.LocalObjectReference
core.FlockerVolumeSource
 datasetName string
 datasetUUID string
core.GCEPersistentDiskVolumeSource
 fsType string
 partition int32
 pdName! string
 readOnly boolean
core.GRPCAction
 port! int32
 service string
core.GitRepoVolumeSource
 directory string
 repository! string
 revision string
core.GlusterfsVolumeSource
 endpoints! string
 path! string
 readOnly boolean
core.HTTPGetAction
 host string
 httpHeaders [core.HTTPHeader]
 path string
 port! int-or-string
 scheme string
core.HTTPHeader
 name! string
 value! string
core.HostAlias
 hostnames [string]
 ip! string
core.HostIP
 ip! string
core.HostPathVolumeSource
 path! string
 type string
core.ISCSIVolumeSource
 chapAuthDiscovery boolean
 chapAuthSession boolean
 fsType string
 initiatorName string
 iqn! string
 iscsiInterface string
 lun! int32
 portals [string]
 readOnly boolean
 secretRef core.LocalObjectReference
 targetPortal! string
core.ImageVolumeSource
 pullPolicy string
 reference string
core.ImageVolumeStatus
 imageRef! string
core.KeyToPath
 key! string
 mode int32
 path! string
core.Lifecycle
 postStart core.LifecycleHandler
 preStop core.LifecycleHandler
 stopSignal string
core.LifecycleHandler
 exec core.ExecAction
 httpGet core.HTTPGetAction
 sleep core.SleepAction
 tcpSocket core.TCPSocketAction
core.LinuxContainerUser
 gid! int64
 supplementalGroups [int64]
 uid! int64
core.LoadBalancerIngress
 hostname string
 ip string
 ipMode string
 ports [core.PortStatus] atomic
core.LoadBalancerStatus
 ingress [core.LoadBalancerIngress] atomic
core.LocalObjectReference
 name string
core.NFSVolumeSource
 path! string
 readOnly boolean
 server! string
core.Namespace
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 spec core.NamespaceSpec
 status core.NamespaceStatus
core.NamespaceCondition
 lastTransitionTime date-time
 message string
 reason string
 status! string
 type! string
core.NamespaceSpec
 finalizers [string] atomic
core.NamespaceStatus
 conditions [core.NamespaceCondition] merge=type
 phase string
core.Node
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 spec core.NodeSpec
 status core.NodeStatus
core.NodeAddress
 address! string
 type! string
core.NodeAffinity
 preferredDuringSchedulingIgnoredDuringExecution [core.PreferredSchedulingTerm]
 requiredDuringSchedulingIgnoredDuringExecution core.NodeSelector
core.NodeAllocatableResourceClaimStatus
 containers [string]
 resourceClaimName! string
 resources! {string}
core.NodeCondition
 lastHeartbeatTime date-time
 lastTransitionTime date-time
 message string
 reason string
 status! string
 type! string
core.NodeConfigSource
 configMap core.ConfigMapNodeConfigSource
core.NodeConfigStatus
 active core.NodeConfigSource
 assigned core.NodeConfigSource
 error string
 lastKnownGood core.NodeConfigSource
core.NodeDaemonEndpoints
 kubeletEndpoint core.DaemonEndpoint
core.NodeFeatures
 supplementalGroupsPolicy boolean
core.NodeRuntimeHandler
 features core.NodeRuntimeHandlerFeatures
 name string
core.NodeRuntimeHandlerFeatures
 recursiveReadOnlyMounts boolean
 userNamespaces boolean
core.NodeSelector
 nodeSelectorTerms! [core.NodeSelectorTerm]
core.NodeSelectorRequirement
 key! string
 operator! string
 values [string]
core.NodeSelectorTerm
 matchExpressions [core.NodeSelectorRequirement]
 matchFields [core.NodeSelectorRequirement]
core.NodeSpec
 configSource core.NodeConfigSource
 externalID string
 podCIDR string
 podCIDRs [string] merge=
 providerID string
 taints [core.Taint] atomic
 unschedulable boolean
core.NodeStatus
 addresses [core.NodeAddress] merge=type
 allocatable {quantity}
 capacity {quantity}
 conditions [core.NodeCondition] merge=type
 config core.NodeConfigStatus
 daemonEndpoints core.NodeDaemonEndpoints
 declaredFeatures [string]
 features core.NodeFeatures
 images [core.ContainerImage] atomic
 nodeInfo core.NodeSystemInfo
 phase string
 runtimeHandlers [core.NodeRuntimeHandler]
 volumesAttached [core.AttachedVolume] atomic
 volumesInUse [string] atomic
core.NodeSwapStatus
 capacity int64
core.NodeSystemInfo
 architecture! string
 bootID! string
 containerRuntimeVersion! string
 kernelVersion! string
 kubeProxyVersion! string
 kubeletVersion! string
 machineID! string
 operatingSystem! string
 osImage! string
 swap core.NodeSwapStatus
 systemUUID! string
core.ObjectFieldSelector
 apiVersion string
 fieldPath! string
core.ObjectReference
 apiVersion string
 fieldPath string
 kind string
 name string
 namespace string
 resourceVersion string
 uid string
core.PersistentVolumeClaimSpec
 accessModes [string]
 dataSource core.TypedLocalObjectReference
 dataSourceRef core.TypedObjectReference
 resources core.VolumeResourceRequirements
 selector meta.LabelSelector
 storageClassName string
 volumeAttributesClassName string
 volumeMode string
 volumeName string
core.PersistentVolumeClaimTemplate
 metadata meta.ObjectMeta
 spec! core.PersistentVolumeClaimSpec
core.PersistentVolumeClaimVolumeSource
 claimName! string
 readOnly boolean
core.PhotonPersistentDiskVolumeSource
 fsType string
 pdID! string
core.Pod
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 spec core.PodSpec
 status core.PodStatus
core.PodAffinity
 preferredDuringSchedulingIgnoredDuringExecution [core.WeightedPodAffinityTerm]
 requiredDuringSchedulingIgnoredDuringExecution [core.PodAffinityTerm]
core.PodAffinityTerm
 labelSelector meta.LabelSelector
 matchLabelKeys [string]
 mismatchLabelKeys [string]
 namespaceSelector meta.LabelSelector
 namespaces [string]
 topologyKey! string
core.PodAntiAffinity
 preferredDuringSchedulingIgnoredDuringExecution [core.WeightedPodAffinityTerm]
 requiredDuringSchedulingIgnoredDuringExecution [core.PodAffinityTerm]
core.PodCertificateProjection
 certificateChainPath string
 credentialBundlePath string
 keyPath string
 keyType! string
 maxExpirationSeconds int32
 signerName! string
 userAnnotations {string}
core.PodCondition
 lastProbeTime date-time
 lastTransitionTime date-time
 message string
 observedGeneration int64
 reason string
 status! string
 type! string
core.PodDNSConfig
 nameservers [string]
 options [core.PodDNSConfigOption]
 searches [string]
core.PodDNSConfigOption
 name string
 value string
core.PodExtendedResourceClaimStatus
 requestMappings! [core.ContainerExtendedResourceRequest]
 resourceClaimName! string
core.PodIP
 ip! string
core.PodOS
 name! string
core.PodReadinessGate
 conditionType! string
core.PodResourceClaim
 name! string
 resourceClaimName string
 resourceClaimTemplateName string
core.PodResourceClaimStatus
 name! string
 resourceClaimName string
core.PodSchedulingGate
 name! string
core.PodSchedulingGroup
 podGroupName string
core.PodSecurityContext
 appArmorProfile core.AppArmorProfile
 fsGroup int64
 fsGroupChangePolicy string
 runAsGroup int64
 runAsNonRoot boolean
 runAsUser int64
 seLinuxChangePolicy string
 seLinuxOptions core.SELinuxOptions
 seccompProfile core.SeccompProfile
 supplementalGroups [int64]
 supplementalGroupsPolicy string
 sysctls [core.Sysctl]
 windowsOptions core.WindowsSecurityContextOptions
core.PodSpec
 activeDeadlineSeconds int64
 affinity core.Affinity
 automountServiceAccountToken boolean
 containers! [core.Container] merge=name
 dnsConfig core.PodDNSConfig
 dnsPolicy string
 enableServiceLinks boolean
 ephemeralContainers [core.EphemeralContainer] merge=name
 hostAliases [core.HostAlias] merge=ip
 hostIPC boolean
 hostNetwork boolean
 hostPID boolean
 hostUsers boolean
 hostname string
 hostnameOverride string
 imagePullSecrets [core.LocalObjectReference] merge=name
 initContainers [core.Container] merge=name
 nodeName string
 nodeSelector {string} atomic
 os core.PodOS
 overhead {quantity}
 preemptionPolicy string
 priority int32
 priorityClassName string
 readinessGates [core.PodReadinessGate]
 resourceClaims [core.PodResourceClaim] merge=name retainKeys
 resources core.ResourceRequirements
 restartPolicy string
 runtimeClassName string
 schedulerName string
 schedulingGates [core.PodSchedulingGate] merge=name
 schedulingGroup core.PodSchedulingGroup
 securityContext core.PodSecurityContext
 serviceAccount string
 serviceAccountName string
 setHostnameAsFQDN boolean
 shareProcessNamespace boolean
 subdomain string
 terminationGracePeriodSeconds int64
 tolerations [core.Toleration] atomic
 topologySpreadConstraints [core.TopologySpreadConstraint] merge=topologyKey keys=topologyKey,whenUnsatisfiable
 volumes [core.Volume] merge=name retainKeys
core.PodStatus
 allocatedResources {quantity}
 conditions [core.PodCondition] merge=type
 containerStatuses [core.ContainerStatus] atomic
 ephemeralContainerStatuses [core.ContainerStatus] atomic
 extendedResourceClaimStatus core.PodExtendedResourceClaimStatus
 hostIP string
 hostIPs [core.HostIP] merge=ip atomic
 initContainerStatuses [core.ContainerStatus] atomic
 message string
 nodeAllocatableResourceClaimStatuses [core.NodeAllocatableResourceClaimStatus]
 nominatedNodeName string
 observedGeneration int64
 phase string
 podIP string
 podIPs [core.PodIP] merge=ip
 qosClass string
 reason string
 resize string
 resourceClaimStatuses [core.PodResourceClaimStatus] merge=name retainKeys
 resources core.ResourceRequirements
 startTime date-time
core.PodTemplateSpec
 metadata meta.ObjectMeta
 spec core.PodSpec
core.PortStatus
 error string
 port! int32
 protocol! string
core.PortworxVolumeSource
 fsType string
 readOnly boolean
 volumeID! string
core.PreferredSchedulingTerm
 preference! core.NodeSelectorTerm
 weight! int32
core.Probe
 exec core.ExecAction
 failureThreshold int32
 grpc core.GRPCAction
 httpGet core.HTTPGetAction
 initialDelaySeconds int32
 periodSeconds int32
 successThreshold int32
 tcpSocket core.TCPSocketAction
 terminationGracePeriodSeconds int64
 timeoutSeconds int32
core.ProjectedVolumeSource
 defaultMode int32
 sources [core.VolumeProjection]
core.QuobyteVolumeSource
 group string
 readOnly boolean
 registry! string
 tenant string
 user string
 volume! string
core.RBDVolumeSource
 fsType string
 image! string
 keyring string
 monitors! [string]
 pool string
 readOnly boolean
 secretRef core.LocalObjectReference
 user string
core.ResourceClaim
 name! string
 request string
core.ResourceFieldSelector
 containerName string
 divisor quantity
 resource! string
core.ResourceHealth
 health string
 message string
 resourceID! string
core.ResourceRequirements
 claims [core.ResourceClaim] keys=name
 limits {quantity}
 requests {quantity}
core.ResourceStatus
 name! string
 resources [core.ResourceHealth]
core.SELinuxOptions
 level string
 role string
 type string
 user string
core.ScaleIOVolumeSource
 fsType string
 gateway! string
 protectionDomain string
 readOnly boolean
 secretRef! core.LocalObjectReference
 sslEnabled boolean
 storageMode string
 storagePool string
 system! string
 volumeName string
core.SeccompProfile
 localhostProfile string
 type! string
core.Secret
 apiVersion string
 data {byte}
 immutable boolean
 kind string
 metadata meta.ObjectMeta
 stringData {string}
 type string
core.SecretEnvSource
 name string
 optional boolean
core.SecretKeySelector
 key! string
 name string
 optional boolean
core.SecretProjection
 items [core.KeyToPath]
 name string
 optional boolean
core.SecretVolumeSource
 defaultMode int32
 items [core.KeyToPath]
 optional boolean
 secretName string
core.SecurityContext
 allowPrivilegeEscalation boolean
 appArmorProfile core.AppArmorProfile
 capabilities core.Capabilities
 privileged boolean
 procMount string
 readOnlyRootFilesystem boolean
 runAsGroup int64
 runAsNonRoot boolean
 runAsUser int64
 seLinuxOptions core.SELinuxOptions
 seccompProfile core.SeccompProfile
 windowsOptions core.WindowsSecurityContextOptions
core.Service
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 spec core.ServiceSpec
 status core.ServiceStatus
core.ServiceAccount
 apiVersion string
 automountServiceAccountToken boolean
 imagePullSecrets [core.LocalObjectReference] atomic
 kind string
 metadata meta.ObjectMeta
 secrets [core.ObjectReference] merge=name
core.ServiceAccountTokenProjection
 audience string
 expirationSeconds int64
 path! string
core.ServicePort
 appProtocol string
 name string
 nodePort int32
 port! int32
 protocol string
 targetPort int-or-string
core.ServiceSpec
 allocateLoadBalancerNodePorts boolean
 clusterIP string
 clusterIPs [string] atomic
 externalIPs [string] atomic
 externalName string
 externalTrafficPolicy string
 healthCheckNodePort int32
 internalTrafficPolicy string
 ipFamilies [string] atomic
 ipFamilyPolicy string
 loadBalancerClass string
 loadBalancerIP string
 loadBalancerSourceRanges [string] atomic
 ports [core.ServicePort] merge=port keys=port,protocol
 publishNotReadyAddresses boolean
 selector {string} atomic
 sessionAffinity string
 sessionAffinityConfig core.SessionAffinityConfig
 trafficDistribution string
 type string
core.ServiceStatus
 conditions [meta.Condition] merge=type
 loadBalancer core.LoadBalancerStatus
core.SessionAffinityConfig
 clientIP core.ClientIPConfig
core.SleepAction
 seconds! int64
core.StorageOSVolumeSource
 fsType string
 readOnly boolean
 secretRef core.LocalObjectReference
 volumeName string
 volumeNamespace string
core.Sysctl
 name! string
 value! string
core.TCPSocketAction
 host string
 port! int-or-string
core.Taint
 effect! string
 key! string
 timeAdded date-time
 value string
core.Toleration
 effect string
 key string
 operator string
 tolerationSeconds int64
 value string
core.TopologySpreadConstraint
 labelSelector meta.LabelSelector
 matchLabelKeys [string]
 maxSkew! int32
 minDomains int32
 nodeAffinityPolicy string
 nodeTaintsPolicy string
 topologyKey! string
 whenUnsatisfiable! string
core.TypedLocalObjectReference
 apiGroup string
 kind! string
 name! string
core.TypedObjectReference
 apiGroup string
 kind! string
 name! string
 namespace string
core.Volume
 awsElasticBlockStore core.AWSElasticBlockStoreVolumeSource
 azureDisk core.AzureDiskVolumeSource
 azureFile core.AzureFileVolumeSource
 cephfs core.CephFSVolumeSource
 cinder core.CinderVolumeSource
 configMap core.ConfigMapVolumeSource
 csi core.CSIVolumeSource
 downwardAPI core.DownwardAPIVolumeSource
 emptyDir core.EmptyDirVolumeSource
 ephemeral core.EphemeralVolumeSource
 fc core.FCVolumeSource
 flexVolume core.FlexVolumeSource
 flocker core.FlockerVolumeSource
 gcePersistentDisk core.GCEPersistentDiskVolumeSource
 gitRepo core.GitRepoVolumeSource
 glusterfs core.GlusterfsVolumeSource
 hostPath core.HostPathVolumeSource
 image core.ImageVolumeSource
 iscsi core.ISCSIVolumeSource
 name! string
 nfs core.NFSVolumeSource
 persistentVolumeClaim core.PersistentVolumeClaimVolumeSource
 photonPersistentDisk core.PhotonPersistentDiskVolumeSource
 portworxVolume core.PortworxVolumeSource
 projected core.ProjectedVolumeSource
 quobyte core.QuobyteVolumeSource
 rbd core.RBDVolumeSource
 scaleIO core.ScaleIOVolumeSource
 secret core.SecretVolumeSource
 storageos core.StorageOSVolumeSource
 vsphereVolume core.VsphereVirtualDiskVolumeSource
core.VolumeDevice
 devicePath! string
 name! string
core.VolumeMount
 mountPath! string
 mountPropagation string
 name! string
 readOnly boolean
 recursiveReadOnly string
 subPath string
 subPathExpr string
core.VolumeMountStatus
 mountPath! string
 name! string
 readOnly boolean
 recursiveReadOnly string
 volumeStatus core.VolumeStatus
core.VolumeProjection
 clusterTrustBundle core.ClusterTrustBundleProjection
 configMap core.ConfigMapProjection
 downwardAPI core.DownwardAPIProjection
 podCertificate core.PodCertificateProjection
 secret core.SecretProjection
 serviceAccountToken core.ServiceAccountTokenProjection
core.VolumeResourceRequirements
 limits {quantity}
 requests {quantity}
core.VolumeStatus
 image core.ImageVolumeStatus
core.VsphereVirtualDiskVolumeSource
 fsType string
 storagePolicyID string
 storagePolicyName string
 volumePath! string
core.WeightedPodAffinityTerm
 podAffinityTerm! core.PodAffinityTerm
 weight! int32
core.WindowsSecurityContextOptions
 gmsaCredentialSpec string
 gmsaCredentialSpecName string
 hostProcess boolean
 runAsUserName string
discovery.Endpoint
 addresses! [string] keys=
 conditions discovery.EndpointConditions
 deprecatedTopology {string}
 hints discovery.EndpointHints
 hostname string
 nodeName string
 targetRef core.ObjectReference
 zone string
discovery.EndpointConditions
 ready boolean
 serving boolean
 terminating boolean
discovery.EndpointHints
 forNodes [discovery.ForNode] atomic
 forZones [discovery.ForZone] atomic
discovery.EndpointPort
 appProtocol string
 name string
 port int32
 protocol string
discovery.EndpointSlice
 addressType! string
 apiVersion string
 endpoints [discovery.Endpoint] atomic
 kind string
 metadata meta.ObjectMeta
 ports [discovery.EndpointPort] atomic
discovery.ForNode
 name! string
discovery.ForZone
 name! string
events.Event
 action string
 apiVersion string
 deprecatedCount int32
 deprecatedFirstTimestamp date-time
 deprecatedLastTimestamp date-time
 deprecatedSource core.EventSource
 eventTime! micro-time
 kind string
 metadata meta.ObjectMeta
 note string
 reason string
 regarding core.ObjectReference
 related core.ObjectReference
 reportingController string
 reportingInstance string
 series events.EventSeries
 type string
events.EventSeries
 count! int32
 lastObservedTime! micro-time
meta.Condition
 lastTransitionTime! date-time
 message! string
 observedGeneration int64
 reason! string
 status! string
 type! string
meta.DeleteOptions
 apiVersion string
 dryRun [string]
 gracePeriodSeconds int64
 ignoreStoreReadErrorWithClusterBreakingPotential boolean
 kind string
 orphanDependents boolean
 preconditions meta.Preconditions
 propagationPolicy string
meta.FieldSelectorRequirement
 key! string
 operator! string
 values [string]
meta.LabelSelector
 matchExpressions [meta.LabelSelectorRequirement] atomic
 matchLabels {string}
meta.LabelSelectorRequirement
 key! string
 operator! string
 values [string] atomic
meta.ListMeta
 continue string
 remainingItemCount int64
 resourceVersion string
 selfLink string
 shardInfo meta.ShardInfo
meta.ManagedFieldsEntry
 apiVersion string
 fieldsType string
 fieldsV1 any
 manager string
 operation string
 subresource string
 time date-time
meta.ObjectMeta
 annotations {string}
 creationTimestamp date-time
 deletionGracePeriodSeconds int64
 deletionTimestamp date-time
 finalizers [string] merge=
 generateName string
 generation int64
 labels {string}
 managedFields [meta.ManagedFieldsEntry]
 name string
 namespace string
 ownerReferences [meta.OwnerReference] merge=uid
 resourceVersion string
 selfLink string
 uid string
meta.OwnerReference
 apiVersion! string
 blockOwnerDeletion boolean
 controller boolean
 kind! string
 name! string
 uid! string
meta.Preconditions
 resourceVersion string
 uid string
meta.ShardInfo
 selector! string
meta.Status
 apiVersion string
 code int32
 details meta.StatusDetails
 kind string
 message string
 metadata meta.ListMeta
 reason string
 status string
meta.StatusCause
 field string
 message string
 reason string
meta.StatusDetails
 causes [meta.StatusCause]
 group string
 kind string
 name string
 retryAfterSeconds int32
 uid string
networking.HTTPIngressPath
 backend! networking.IngressBackend
 path string
 pathType! string
networking.HTTPIngressRuleValue
 paths! [networking.HTTPIngressPath] atomic
networking.Ingress
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 spec networking.IngressSpec
 status networking.IngressStatus
networking.IngressBackend
 resource core.TypedLocalObjectReference
 service networking.IngressServiceBackend
networking.IngressClass
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 spec networking.IngressClassSpec
networking.IngressClassParametersReference
 apiGroup string
 kind! string
 name! string
 namespace string
 scope string
networking.IngressClassSpec
 controller string
 parameters networking.IngressClassParametersReference
networking.IngressLoadBalancerIngress
 hostname string
 ip string
 ports [networking.IngressPortStatus] atomic
networking.IngressLoadBalancerStatus
 ingress [networking.IngressLoadBalancerIngress] atomic
networking.IngressPortStatus
 error string
 port! int32
 protocol! string
networking.IngressRule
 host string
 http networking.HTTPIngressRuleValue
networking.IngressServiceBackend
 name! string
 port networking.ServiceBackendPort
networking.IngressSpec
 defaultBackend networking.IngressBackend
 ingressClassName string
 rules [networking.IngressRule] atomic
 tls [networking.IngressTLS] atomic
networking.IngressStatus
 loadBalancer networking.IngressLoadBalancerStatus
networking.IngressTLS
 hosts [string] atomic
 secretName string
networking.ServiceBackendPort
 name string
 number int32
policy.Eviction
 apiVersion string
 deleteOptions meta.DeleteOptions
 kind string
 metadata meta.ObjectMeta
rbac.AggregationRule
 clusterRoleSelectors [meta.LabelSelector] atomic
rbac.ClusterRole
 aggregationRule rbac.AggregationRule
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 rules [rbac.PolicyRule] atomic
rbac.ClusterRoleBinding
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 roleRef! rbac.RoleRef
 subjects [rbac.Subject] atomic
rbac.PolicyRule
 apiGroups [string] atomic
 nonResourceURLs [string] atomic
 resourceNames [string] atomic
 resources [string] atomic
 verbs! [string] atomic
rbac.Role
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 rules [rbac.PolicyRule] atomic
rbac.RoleBinding
 apiVersion string
 kind string
 metadata meta.ObjectMeta
 roleRef! rbac.RoleRef
 subjects [rbac.Subject] atomic
rbac.RoleRef
 apiGroup string
 kind! string
 name! string
rbac.Subject
 apiGroup string
 kind! string
 name! string
 namespace string`;
