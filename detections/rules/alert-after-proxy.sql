-- An alert after a sign-in through a proxy
--
-- A user started a session through a proxy, and within half an hour Okta raised a finding about the same user,
-- or their factors or roles were changed.
--
-- Follows: Elastic, Okta Alerts Following Unusual Proxy Authentication: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/initial_access_okta_suspicious_activity_after_proxy_authentication.toml
-- ATT&CK: T1078.004 Cloud Accounts
-- OCSF: 1.8.0, 1.5.0, 1.3.0
WITH arrived AS (
    SELECT happened, metadata.uid AS uid, "user".name AS account, src_endpoint.ip AS ip
    FROM okta
    WHERE metadata.event_code = 'user.session.start' AND status_id = 1
      AND len([e for e in enrichments if e.type = 'proxy' AND (e.data->>'is_proxy') = 'true']) > 0
), alarming AS (
    SELECT happened, metadata.uid AS uid, metadata.event_code AS event_code,
           coalesce(evidences[1]."user".name, actor.user.name) AS account
    FROM okta
    WHERE (class_uid = 2004 AND activity_id = 1 AND severity_id >= 3)
       OR metadata.event_code IN ('user.mfa.factor.deactivate', 'user.mfa.factor.reset_all', 'user.mfa.factor.activate',
                                  'user.account.privilege.grant', 'system.api_token.create')
)
SELECT alarming.happened, alarming.account, arrived.ip, alarming.event_code, [arrived.uid, alarming.uid] AS uids
FROM alarming
ASOF JOIN arrived ON alarming.account = arrived.account AND alarming.happened >= arrived.happened
WHERE alarming.happened < arrived.happened + INTERVAL 30 MINUTE;
