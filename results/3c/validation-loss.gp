load "../style.gp"
set output "validation-loss.svg"
set ylabel "validation loss (nats per sample)"
set yrange [0.1:0.6]
eval "plot ".evaluated("2c", "validation_loss", 1, "validation, 2c").", ".\
    evaluated("3a", "validation_loss", 2, "validation, 3a: + init").", ".\
    evaluated("3b", "validation_loss", 3, "validation, 3b: + improved sigmoid").", ".\
    evaluated("3c", "validation_loss", 4, "validation, 3c: + momentum")
eval png
set output "validation-loss.png"
replot
