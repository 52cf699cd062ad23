SELECT namespace, name, next_run
FROM removed_workflows
