-- Many stored passwords opened at once
--
-- A user opened at least six applications whose passwords Okta stores (Secure Web Authentication) within ten
-- minutes: the passwords can be read on the way.
--
-- Follows: Panther, okta_swa_app_access: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_swa_app_access.yml
-- ATT&CK: T1555 Credentials from Password Stores
-- OCSF: 1.8.0, 1.5.0, 1.3.0
WITH opened AS (
    SELECT happened, metadata.uid AS uid, "user".name AS account, service.name AS application
    FROM okta
    WHERE metadata.event_code = 'policy.evaluate_sign_on' AND status_id = 1
      AND auth_protocol IN ('BROWSER_PLUGIN', 'Secure Web Authentication')
), counted AS (
    SELECT *, count(DISTINCT application) OVER (
        PARTITION BY account ORDER BY happened RANGE BETWEEN INTERVAL 10 MINUTE PRECEDING AND CURRENT ROW) AS applications
    FROM opened
)
SELECT max(happened) AS happened, account, list(DISTINCT application) AS applications, list(uid) AS uids
FROM counted
GROUP BY account
HAVING max(applications) >= 6;
