-- A factor was removed and none took its place
--
-- A factor of a user was deactivated or reset, and the user activated none within 12 hours. Run it over more
-- than 12 hours.
--
-- Follows: Elastic, MFA Deactivation with no Re-Activation for Okta User Account: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/persistence_mfa_deactivation_with_no_reactivation.toml
-- ATT&CK: T1556.006 Multi-Factor Authentication
-- OCSF: 1.8.0, 1.5.0, 1.3.0
WITH factors AS (
    SELECT happened, metadata.uid AS uid, metadata.event_code AS event_code, actor.user.name AS by_whom, "user".name AS account
    FROM okta
    WHERE metadata.event_code IN ('user.mfa.factor.deactivate', 'user.mfa.factor.reset_all', 'user.mfa.factor.activate')
      AND status_id = 1
), known AS (
    SELECT max(happened) AS until FROM okta
)
SELECT removed.happened, removed.by_whom, removed.account, [removed.uid] AS uids
FROM factors AS removed, known
WHERE removed.event_code <> 'user.mfa.factor.activate' AND known.until > removed.happened + INTERVAL 12 HOUR
  AND NOT EXISTS (
      FROM factors AS activated
      WHERE activated.event_code = 'user.mfa.factor.activate' AND activated.account = removed.account
        AND activated.happened BETWEEN removed.happened AND removed.happened + INTERVAL 12 HOUR);
