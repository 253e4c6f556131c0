-- A push accepted after denials
--
-- A user denied at least three push notifications, and a push of the same user succeeded within ten minutes
-- after that.
--
-- Follows: Elastic, Potentially Successful Okta MFA Bombing via Push Notifications: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/credential_access_okta_potentially_successful_okta_bombing_via_push_notifications.toml
-- ATT&CK: T1621 Multi-Factor Authentication Request Generation
-- OCSF: 1.8.0, 1.5.0, 1.3.0
WITH pushes AS (
    SELECT happened, metadata.uid AS uid, src_endpoint.ip AS ip, "user".name AS account,
           metadata.event_code LIKE 'user.mfa.okta_verify.deny_push%' AS is_denied
    FROM okta
    WHERE metadata.event_code LIKE 'user.mfa.okta_verify.deny_push%'
       OR (metadata.event_code = 'user.authentication.auth_via_mfa' AND status_id = 1 AND is_mfa)
), counted AS (
    SELECT *, count(*) FILTER (is_denied) OVER before AS denials, list(uid) OVER before AS uids
    FROM pushes
    WINDOW before AS (PARTITION BY account ORDER BY happened RANGE BETWEEN INTERVAL 10 MINUTE PRECEDING AND CURRENT ROW)
)
SELECT happened, account, ip, denials, uids
FROM counted
WHERE NOT is_denied AND denials >= 3;
