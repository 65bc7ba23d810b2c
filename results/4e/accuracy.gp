load "../style.gp"
set output "accuracy.svg"
set ylabel "validation accuracy"
set yrange [0.88:0.98]
set key bottom right
eval "plot ".evaluated("3c", "validation_accuracy", 1, "validation, one hidden layer of 64 (3c)").", ".\
    evaluated("4d", "validation_accuracy", 2, "validation, two of 60 (4d)").", ".\
    evaluated("4e", "validation_accuracy", 3, "validation, ten of 64 (4e)")
eval png
set output "accuracy.png"
replot
