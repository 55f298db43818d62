{{- define "ai-billing.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "ai-billing.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- $both := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- default $both .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "ai-billing.selectorLabels" -}}
app.kubernetes.io/name: {{ include "ai-billing.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "ai-billing.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "ai-billing.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "ai-billing.serviceAccountName" -}}
{{- $made := .Values.serviceAccount.create | ternary (include "ai-billing.fullname" .) "default" }}
{{- default $made .Values.serviceAccount.name }}
{{- end }}

{{/* The exporter's configuration file, with what only the chart knows. */}}
{{- define "ai-billing.config" -}}
{{- $config := deepCopy .Values.config }}
{{- if .Values.webConfig.secretName }}
{{- $path := printf "/run/web/%s" .Values.webConfig.file }}
{{- $config = mergeOverwrite $config (dict "server" (dict "webConfig" $path)) }}
{{- end }}
{{- toYaml $config }}
{{- end }}

{{/* The port that server.listen names. */}}
{{- define "ai-billing.port" -}}
{{- dig "server" "listen" ":9464" .Values.config | regexFind "[0-9]+$" }}
{{- end }}

{{/* How kubelet asks: a list of the root and a path. */}}
{{- define "ai-billing.probe" -}}
{{- $root := index . 0 }}
{{- if eq $root.Values.probes.kind "tcp" -}}
tcpSocket:
  port: http
{{- else -}}
httpGet:
  path: {{ index . 1 }}
  port: http
  scheme: {{ $root.Values.probes.scheme }}
{{- end }}
{{- end }}

{{/* The digest, where one is given, says more than the tag. */}}
{{- define "ai-billing.image" -}}
{{- with .Values.image }}
{{- if .digest }}
{{- printf "%s@%s" .repository .digest }}
{{- else }}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) }}
{{- end }}
{{- end }}
{{- end }}

{{/* `true` if there is something to run. */}}
{{- define "ai-billing.isConfigured" -}}
{{- if or .Values.demo .Values.config .Values.keys.env }}true{{ end }}
{{- end }}

{{/* What the exporter needs before it can run. */}}
{{- define "ai-billing.needs" -}}
accounts: list them in config.accounts, or a key of each provider in keys.env; or set demo to true
{{- end }}

{{/* Says what cannot work before anything is made of it. */}}
{{- define "ai-billing.refuse" -}}
{{- if and .Values.demo (or .Values.config .Values.keys.env .Values.keys.files) }}
{{- fail "the demo uses neither accounts nor keys: remove config and keys, or set demo to false" }}
{{- end }}
{{- if and .Values.webConfig.secretName (not .Values.config) }}
{{- fail "webConfig needs a configuration: name your accounts in config.accounts" }}
{{- end }}
{{- if dig "server" "webConfig" "" .Values.config }}
{{- fail "config.server.webConfig is set by the chart: name the Secret in webConfig.secretName" }}
{{- end }}
{{- $state := dig "state" "path" "./data/ledger.db" .Values.config }}
{{- if not (regexMatch "^(\\./|/)?data/[^/]+$" $state) }}
{{- fail (printf "config.state.path is %s, but only /data can be written to" $state) }}
{{- end }}
{{- if eq (include "ai-billing.port" .) "0" }}
{{- fail "config.server.listen must name a port: port 0 is another one each time" }}
{{- end }}
{{- end }}
